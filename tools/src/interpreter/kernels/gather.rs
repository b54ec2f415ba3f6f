//! Convolutions and their gradients over slices, one image at a time, as gathered products.

use brelu_core::geometry::Conv2d;

use super::panel::{Offsets, Panel};

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

/// Which values of a frame, with which weights, make which values of an image of other channels.
#[derive(Clone, Debug)]
pub(super) struct Gather {
    /// Where the taps of each pixel begin in the frame.
    starts: Offsets,
    /// Where each tap is from there, channel by channel of the frame.
    taps: Offsets,
    /// For each tap, the frame's channel and the tap of the kernel.
    weights: Vec<[usize; 2]>,
    /// Which pixels of a plane are made.
    pixels: Vec<usize>,
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

/// Weights in the order a gather reads them: blocks of lanes of made channels, then taps.
pub(super) fn pack(
    gather: &Gather,
    panel: Panel,
    channels: usize,
    weight: impl Fn(usize, [usize; 2]) -> f32,
) -> Vec<f32> {
    let mut packed = Vec::with_capacity(channels.div_ceil(panel.lanes) * gather.weights.len() * panel.lanes);
    for block in (0..channels).step_by(panel.lanes) {
        for tap in &gather.weights {
            packed.extend((block..block + panel.lanes).map(|channel| match channel < channels {
                true => weight(channel, *tap),
                false => 0.0,
            }));
        }
    }
    packed
}

impl Gather {
    /// Sets the pixels of all planes of `out` from a frame, with weights as [`pack`] orders them.
    pub(super) fn run(
        &self,
        panel: Panel,
        frame: &[f32],
        packed: &[f32],
        bias: Option<&[f32]>,
        plane: usize,
        out: &mut [f32],
    ) {
        let rows = self.taps.len() * panel.lanes;
        if rows == 0 || plane == 0 {
            return;
        }
        let mut sums = vec![0.0; panel.points * panel.lanes];
        let blocks = packed.chunks_exact(rows).zip(out.chunks_mut(panel.lanes * plane));
        for (block, (packed, planes)) in blocks.enumerate() {
            let bias = bias.map(|bias| &bias[block * panel.lanes..]);
            let groups = self.starts.values().chunks(panel.points).zip(self.pixels.chunks(panel.points));
            for (starts, pixels) in groups {
                sums.fill(0.0);
                panel.add(frame, &filled(starts)[..panel.points], &self.taps, packed, &mut sums);
                for (lane, plane) in planes.chunks_exact_mut(plane).enumerate() {
                    let bias = bias.map_or(0.0, |bias| bias[lane]);
                    for (point, pixel) in pixels.iter().enumerate() {
                        plane[*pixel] = sums[point * panel.lanes + lane] + bias;
                    }
                }
            }
        }
    }

    /// Adds what one image gives to the gradient of the weights, in the order of blocks, taps and lanes. `rows` is made
    /// by [`rows`] of the gradient of the image's output.
    pub(super) fn weigh(&self, panel: Panel, frame: &[f32], rows: &[f32], gradient: &mut [f32]) {
        let (pixels, taps) = (self.starts.len() * panel.lanes, self.taps.len() * panel.lanes);
        if pixels == 0 || taps == 0 {
            return;
        }
        let mut sums = vec![0.0; panel.points * panel.lanes];
        for (rows, gradient) in rows.chunks_exact(pixels).zip(gradient.chunks_exact_mut(taps)) {
            let groups = self.taps.values().chunks(panel.points);
            for (taps, gradient) in groups.zip(gradient.chunks_mut(panel.points * panel.lanes)) {
                sums.fill(0.0);
                panel.add(frame, &filled(taps)[..panel.points], &self.starts, rows, &mut sums);
                gradient.iter_mut().zip(&sums).for_each(|(gradient, sum)| *gradient += sum);
            }
        }
    }

    /// Values of the gradient that [`Gather::weigh`] adds to.
    pub(super) fn gradient_len(&self, panel: Panel, channels: usize) -> usize {
        channels.div_ceil(panel.lanes) * self.taps.len() * panel.lanes
    }

    /// That gradient in ONNX order: made channel by channel, taps in order.
    pub(super) fn unpack(&self, panel: Panel, channels: usize, gradient: &[f32]) -> Vec<f32> {
        let taps = self.taps.len();
        let value = |channel: usize, tap: usize| {
            let (block, lane) = (channel / panel.lanes, channel % panel.lanes);
            gradient[(block * taps + tap) * panel.lanes + lane]
        };
        (0..channels).flat_map(|channel| (0..taps).map(move |tap| value(channel, tap))).collect()
    }
}

/// As many positions as a panel takes; those that are missing are the first.
fn filled(values: &[u32]) -> [u32; 8] {
    let mut all = [values.first().copied().unwrap_or(0); 8];
    all[..values.len()].copy_from_slice(values);
    all
}

/// Planes of one image as rows of lanes: blocks of channels, then pixels.
pub(super) fn rows(panel: Panel, plane: usize, image: &[f32], rows: &mut [f32]) {
    let blocks = image.chunks(panel.lanes * plane).zip(rows.chunks_exact_mut(panel.lanes * plane));
    for (planes, rows) in blocks {
        for (lane, plane) in planes.chunks_exact(plane).enumerate() {
            for (value, row) in plane.iter().zip(rows.chunks_exact_mut(panel.lanes)) {
                row[lane] = *value;
            }
        }
    }
}
