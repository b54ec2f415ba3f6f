/// Memory that runs hand on to each other. Keep one a thread.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    free: Vec<Vec<f32>>,
    /// For operations, while they run.
    pub(super) memory: Vec<f32>,
}

impl Scratch {
    /// A zeroed buffer of `len` elements, made of a returned one where possible.
    pub(super) fn take(&mut self, len: usize) -> Vec<f32> {
        let mut buffer = match self.free.iter().position(|buffer| buffer.capacity() >= len) {
            Some(position) => self.free.swap_remove(position),
            None => self.free.pop().unwrap_or_default(),
        };
        buffer.clear();
        buffer.resize(len, 0.0);
        buffer
    }

    /// Gives a buffer back.
    pub(super) fn give(&mut self, buffer: Vec<f32>) {
        if buffer.capacity() > 0 {
            self.free.push(buffer);
        }
    }
}
