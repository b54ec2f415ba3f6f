//! Where an input comes from: a slice, or something that makes it piece by piece.

/// An input tensor in the plan's fixed point, read in pieces.
pub trait Input {
    /// Elements of the whole tensor.
    fn elements(&self) -> usize;

    /// Puts elements `first ..` into `out`, in two's complement. They exist: `first + out.len()` is at most
    /// [`Self::elements`].
    fn read(&self, first: usize, out: &mut [u32]);
}

impl Input for [i32] {
    fn elements(&self) -> usize {
        self.len()
    }

    fn read(&self, first: usize, out: &mut [u32]) {
        out.iter_mut().zip(&self[first..]).for_each(|(out, x)| *out = *x as u32);
    }
}
