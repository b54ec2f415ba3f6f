//! Input planes cut into phases, so that a strided kernel reads consecutive pixels.

use brelu_core::geometry::{Conv2d, Shape};

/// One axis of a kernel.
///
/// Step `i` meets kernel element `t` at the padded position `i * stride + t * dilation`. With `t * dilation = shift *
/// stride + phase` this is element `i + shift` of the positions that leave `phase` mod `stride`.
#[derive(Clone, Debug)]
struct Axis {
    size: usize,
    stride: usize,
    pad: usize,
    /// Positions of a phase.
    len: usize,
    /// The phases that any kernel element needs.
    phases: Vec<usize>,
    /// For every kernel element, the index of its phase and its shift.
    taps: Vec<(usize, usize)>,
}

impl Axis {
    fn new(size: u32, steps: u32, [kernel, stride, dilation, pad]: [u16; 4]) -> Self {
        let [kernel, stride, dilation, pad] = [kernel, stride, dilation, pad].map(usize::from);
        let mut phases: Vec<_> = (0..kernel).map(|tap| tap * dilation % stride).collect();
        phases.sort_unstable();
        phases.dedup();
        let tap = |tap| {
            let position: usize = tap * dilation;
            (phases.partition_point(|phase| *phase < position % stride), position / stride)
        };
        let taps = (0..kernel).map(tap).collect();
        let len = steps as usize + (kernel - 1) * dilation / stride;
        Self { size: size as usize, stride, pad, len, phases, taps }
    }

    /// For every position of a phase that lies on the input, the position and the pixel.
    fn pixels(&self, phase: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let first = self.pad.saturating_sub(phase).div_ceil(self.stride);
        let pixels = (first * self.stride + phase).saturating_sub(self.pad)..self.size;
        (first..self.len).zip(pixels.step_by(self.stride))
    }
}

/// How planes are cut.
#[derive(Clone, Debug)]
pub(super) struct Phases {
    rows: Axis,
    columns: Axis,
}

impl Phases {
    /// Phases for the kernel of `geometry`, whose output shape is `output`.
    pub(super) fn new(geometry: &Conv2d, output: Shape) -> Self {
        let axis = |size, steps, axis: usize| {
            let parameters =
                [geometry.kernel[axis], geometry.stride[axis], geometry.dilation[axis], geometry.pads[axis]];
            Axis::new(size, steps, parameters)
        };
        Self {
            rows: axis(geometry.input.height, output.height, 0),
            columns: axis(geometry.input.width, output.width, 1),
        }
    }

    /// Elements of one row of a phase.
    pub(super) fn width(&self) -> usize {
        self.columns.len
    }

    /// Elements of all phases of a plane, or `None` if there are more than can be counted.
    pub(super) fn len(&self) -> Option<usize> {
        let rows = self.rows.len.checked_mul(self.rows.phases.len())?;
        rows.checked_mul(self.columns.len)?.checked_mul(self.columns.phases.len())
    }

    /// For every kernel element, where the element that it meets in step `(0, 0)` lies.
    pub(super) fn offsets(&self) -> Vec<usize> {
        let plane = self.rows.len * self.columns.len;
        let offset = |(row, down): (usize, usize), (column, right): (usize, usize)| {
            (row * self.columns.phases.len() + column) * plane + down * self.columns.len + right
        };
        self.rows
            .taps
            .iter()
            .flat_map(|row| self.columns.taps.iter().map(move |column| offset(*row, *column)))
            .collect()
    }

    /// Copies the pixels of `plane` to their places in `phases`; padding is left as it is.
    pub(super) fn cut(&self, plane: &[u32], phases: &mut [u32]) {
        let mut planes = phases.chunks_exact_mut(self.rows.len * self.columns.len);
        for row_phase in &self.rows.phases {
            for (column_phase, to) in self.columns.phases.iter().zip(&mut planes) {
                for (row, y) in self.rows.pixels(*row_phase) {
                    let line = &plane[y * self.columns.size..][..self.columns.size];
                    let to = &mut to[row * self.columns.len..][..self.columns.len];
                    self.cut_line(line, *column_phase, to);
                }
            }
        }
    }

    fn cut_line(&self, line: &[u32], phase: usize, to: &mut [u32]) {
        let Some((first, x)) = self.columns.pixels(phase).next() else { return };
        if self.columns.stride == 1 {
            let len = (to.len() - first).min(line.len() - x);
            return to[first..first + len].copy_from_slice(&line[x..x + len]);
        }
        let pixels = line[x..].iter().step_by(self.columns.stride);
        to[first..].iter_mut().zip(pixels).for_each(|(to, pixel)| *to = *pixel);
    }
}
