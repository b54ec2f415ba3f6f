//! Gathered products: convolutions and their gradients, one image at a time.

use brelu_kernels::panel::{Offsets, Panel};

/// Which values of a frame, with which weights, make which values of an image of other channels.
#[derive(Clone, Debug)]
pub(super) struct Gather {
    /// Where the taps of each pixel begin in the frame.
    pub(super) starts: Offsets,
    /// Where each tap is from there, channel by channel of the frame.
    pub(super) taps: Offsets,
    /// For each tap, the frame's channel and the tap of the kernel.
    pub(super) weights: Vec<[usize; 2]>,
    /// Which pixels of a plane are made.
    pub(super) pixels: Vec<usize>,
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
