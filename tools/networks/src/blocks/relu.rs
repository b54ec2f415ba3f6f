//! Block-ReLU of a layer: `y = d * z` with `d = 1` where the sum of the block of `z` [`passes`] (arXiv 2304.10442, equation 1). A function of several knots has a decision for each.

use brelu_core::geometry::Shape;

use super::{BlockSize, SpecLayer};
use crate::activation::{Activation, Knot};

/// Whether a block with this sum passes: as the protocol decides, which looks at the sign bit of the sum.
#[inline(always)]
pub fn passes(sum: f32) -> bool {
    sum >= 0.0
}

/// Block sizes of the channels of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRelu {
    shape: Shape,
    sizes: Vec<BlockSize>,
}

impl BlockRelu {
    /// For maps of `shape`; channels beyond `sizes` decide pixel by pixel.
    pub fn new(shape: Shape, sizes: &[BlockSize]) -> Self {
        let mut sizes = sizes.to_vec();
        sizes.resize(shape.channels as usize, BlockSize::RELU);
        Self { shape, sizes }
    }

    /// The choice of a spec for maps of `shape`.
    pub fn of(layer: &SpecLayer, shape: Shape) -> Self {
        let sizes: Vec<BlockSize> = layer.channels.iter().map(|choice| choice.block).collect();
        Self::new(shape, &sizes)
    }

    /// The sizes of the channels.
    pub fn sizes(&self) -> &[BlockSize] {
        &self.sizes
    }

    /// Shape of the maps.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Replaces `z`, one plane of `channel`, by its activation: every knot has a decision a block. Identity channels pass as they
    /// are.
    pub fn activate(&self, channel: usize, function: &Activation, z: &mut [f32]) {
        match self.size(channel) {
            BlockSize::IDENTITY => {}
            BlockSize::ZERO => z.fill(0.0),
            _ => {
                let knots = function.knots().iter();
                let decided: Vec<_> = knots.map(|knot| (knot, self.decisions(channel, knot.at, z))).collect();
                for (at, z) in z.iter_mut().enumerate() {
                    let above =
                        |(knot, decisions): &(&Knot, Vec<f32>)| decisions[at] * knot.slope * (*z - knot.at);
                    *z = function.offset() + function.slope() * *z + decided.iter().map(above).sum::<f32>();
                }
            }
        }
    }

    /// 1 where the block of `z - at` passes, 0 elsewhere, in a channel that decides.
    pub fn decisions(&self, channel: usize, at: f32, z: &[f32]) -> Vec<f32> {
        let mut decisions: Vec<f32> = z.iter().map(|z| z - at).collect();
        self.decide(channel, &mut decisions);
        decisions
    }

    /// Replaces every value of a plane of `channel` by its block's decision; identity channels pass everywhere.
    pub fn decide(&self, channel: usize, plane: &mut [f32]) {
        match self.size(channel) {
            BlockSize::IDENTITY => plane.fill(1.0),
            BlockSize::ZERO => plane.fill(0.0),
            // A pixel at 0, which gives 0 either way, does not pass: as ReLU's, its gradient is 0.
            BlockSize::RELU => plane.iter_mut().for_each(|value| *value = f32::from(u8::from(*value > 0.0))),
            size => decide(plane, self.shape.width as usize, size),
        }
    }

    /// The size of a channel.
    pub fn size(&self, channel: usize) -> BlockSize {
        self.sizes.get(channel).copied().unwrap_or(BlockSize::RELU)
    }
}

fn decide(plane: &mut [f32], line: usize, size: BlockSize) {
    let width = usize::from(size.width);
    let mut sums = vec![0.0f32; line.div_ceil(width)];
    for band in plane.chunks_mut(usize::from(size.height) * line) {
        sums.fill(0.0);
        for row in band.chunks(line) {
            for (sum, part) in sums.iter_mut().zip(row.chunks(width)) {
                *sum += part.iter().sum::<f32>();
            }
        }
        for row in band.chunks_mut(line) {
            for (sum, part) in sums.iter().zip(row.chunks_mut(width)) {
                part.fill(f32::from(u8::from(passes(*sum))));
            }
        }
    }
}
