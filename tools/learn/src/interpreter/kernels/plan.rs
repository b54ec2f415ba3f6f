//! Which values of an image a convolution reads, and which of its output a gradient.

use brelu_core::geometry::Conv2d;

use super::gather::Gather;
use brelu_kernels::panel::Offsets;

/// An image with zeros around it.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    channels: usize,
    /// Rows and columns of the image.
    size: [usize; 2],
    /// Zeros before the first row and column.
    before: [usize; 2],
    /// Rows and columns with zeros.
    whole: [usize; 2],
}

impl Frame {
    pub(super) const fn len(&self) -> usize {
        self.channels * self.whole[0] * self.whole[1]
    }

    /// Copies an image into `frame`, whose zeros are there already.
    pub(super) fn fill(&self, image: &[f32], frame: &mut [f32]) {
        let ([height, width], [_, line]) = (self.size, self.whole);
        let planes = frame.chunks_exact_mut(self.whole[0] * line).zip(image.chunks_exact(height * width));
        for (frame, plane) in planes {
            let rows = frame.chunks_exact_mut(line).skip(self.before[0]);
            for (to, from) in rows.zip(plane.chunks_exact(width)) {
                to[self.before[1]..][..width].copy_from_slice(from);
            }
        }
    }
}

/// The parts of a convolution.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) geometry: Conv2d,
    /// Pixels of an input and of an output plane.
    pub(super) planes: [usize; 2],
    pub(super) input: Frame,
    pub(super) output: Frame,
    pub(super) forward: Gather,
    /// One for each phase of the stride.
    pub(super) backward: Vec<Gather>,
}

impl Plan {
    /// For convolutions in one group whose output is not empty.
    pub(super) fn new(geometry: &Conv2d) -> Option<Self> {
        let out = geometry.output().filter(|_| geometry.groups == 1)?;
        let axes = [0, 1].map(|axis| Axis {
            kernel: geometry.kernel[axis].into(),
            stride: geometry.stride[axis].into(),
            dilation: geometry.dilation[axis].into(),
            pad: geometry.pads[axis].into(),
            from: [geometry.input.height, geometry.input.width][axis] as usize,
            to: [out.height, out.width][axis] as usize,
        });
        let (ins, outs) = (geometry.input.channels as usize, geometry.out_channels as usize);
        let input = Frame {
            channels: ins,
            size: axes.map(|axis| axis.from),
            before: axes.map(|axis| axis.pad),
            whole: axes.map(|axis| axis.pad + axis.from.max(axis.reach().saturating_sub(axis.pad))),
        };
        let output = Frame {
            channels: outs,
            size: axes.map(|axis| axis.to),
            before: axes.map(|axis| axis.before()),
            whole: axes.map(|axis| axis.before() + axis.to.max(axis.after())),
        };
        let forward = forward(&axes, &input);
        let phases = (0..axes[0].stride).flat_map(|row| (0..axes[1].stride).map(move |column| [row, column]));
        let backward = phases.map(|phase| backward(&axes, &output, phase)).collect();
        let fits = [&input, &output].iter().all(|frame| u32::try_from(frame.len()).is_ok());
        let planes = [&input, &output].map(|frame| frame.size[0] * frame.size[1]);
        fits.then_some(Self { geometry: *geometry, planes, input, output, forward, backward })
    }
}

/// One direction of a convolution.
#[derive(Clone, Copy)]
struct Axis {
    kernel: usize,
    stride: usize,
    dilation: usize,
    pad: usize,
    from: usize,
    to: usize,
}

impl Axis {
    /// Positions of the padded input that are read.
    const fn reach(&self) -> usize {
        (self.to - 1) * self.stride + (self.kernel - 1) * self.dilation + 1
    }

    /// For inputs `phase + stride j`: the taps whose outputs are there, and how far from `j` they are.
    fn reading(&self, phase: usize) -> Vec<(usize, i64)> {
        let stride = self.stride as i64;
        let distance = |tap: usize| (phase + self.pad) as i64 - (tap * self.dilation) as i64;
        let reads = |tap: &usize| distance(*tap).rem_euclid(stride) == 0;
        (0..self.kernel).filter(reads).map(|tap| (tap, distance(tap).div_euclid(stride))).collect()
    }

    fn shifts(&self) -> impl Iterator<Item = (usize, i64)> + '_ {
        (0..self.stride)
            .flat_map(|phase| self.reading(phase).into_iter().map(move |(_, shift)| (phase, shift)))
    }

    /// Zeros before the first output, so that no input reads from further before.
    fn before(&self) -> usize {
        self.shifts().map(|(_, shift)| (-shift).max(0) as usize).max().unwrap_or(0)
    }

    /// Where the last output is that an input reads, and one more.
    fn after(&self) -> usize {
        let last = |(phase, shift): (usize, i64)| (self.count(phase) as i64 - 1 + shift).max(0) as usize + 1;
        self.shifts().map(last).max().unwrap_or(1)
    }

    /// Inputs of a phase.
    const fn count(&self, phase: usize) -> usize {
        (self.from + self.stride - 1 - phase) / self.stride
    }
}

fn forward([rows, columns]: &[Axis; 2], frame: &Frame) -> Gather {
    let [height, line] = frame.whole;
    let starts =
        (0..rows.to).flat_map(|i| (0..columns.to).map(move |j| i * rows.stride * line + j * columns.stride));
    let (mut taps, mut weights) = (Vec::new(), Vec::new());
    for channel in 0..frame.channels {
        for k in 0..rows.kernel {
            for l in 0..columns.kernel {
                taps.push(((channel * height + k * rows.dilation) * line + l * columns.dilation) as u32);
                weights.push([channel, k * columns.kernel + l]);
            }
        }
    }
    let starts: Vec<u32> = starts.map(|start| start as u32).collect();
    let pixels = (0..starts.len()).collect();
    Gather { starts: Offsets::new(starts), taps: Offsets::new(taps), weights, pixels }
}

fn backward([rows, columns]: &[Axis; 2], frame: &Frame, phase: [usize; 2]) -> Gather {
    let [height, line] = frame.whole;
    let (down, across) = (rows.reading(phase[0]), columns.reading(phase[1]));
    let (mut starts, mut pixels) = (Vec::new(), Vec::new());
    for i in 0..rows.count(phase[0]) {
        for j in 0..columns.count(phase[1]) {
            starts.push((i * line + j) as u32);
            pixels.push((phase[0] + i * rows.stride) * columns.from + phase[1] + j * columns.stride);
        }
    }
    let (mut taps, mut weights) = (Vec::new(), Vec::new());
    for channel in 0..frame.channels {
        for (k, y) in &down {
            for (l, x) in &across {
                let (y, x) = (frame.before[0] as i64 + y, frame.before[1] as i64 + x);
                taps.push(((channel * height) as i64 * line as i64 + y * line as i64 + x) as u32);
                weights.push([channel, k * columns.kernel + l]);
            }
        }
    }
    Gather { starts: Offsets::new(starts), taps: Offsets::new(taps), weights, pixels }
}
