//! Block-ReLU of a layer: `y = d * z` with `d = 1` where the sum of the block of `z` is positive (arXiv 2304.10442,
//! equation 1). A bounded ReLU is `ReLU(z) - ReLU(z - max)` with a decision each.

use brelu_core::geometry::Shape;

use super::{BlockSize, SpecLayer};

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

    /// Replaces `z`, one plane of `channel`, by its activation; `bound` is the largest output of a bounded ReLU.
    pub fn activate(&self, channel: usize, bound: Option<f32>, z: &mut [f32]) {
        let low = self.decisions(channel, 0.0, true, z);
        let max = bound.unwrap_or(0.0);
        let high = bound.map(|max| self.decisions(channel, max, false, z));
        for (at, z) in z.iter_mut().enumerate() {
            let above = high.as_ref().map_or(0.0, |high| high[at] * (*z - max));
            *z = low[at] * *z - above;
        }
    }

    /// 1 where the block of `z - offset` passes, 0 elsewhere; identity channels pass everywhere or nowhere.
    pub fn decisions(&self, channel: usize, offset: f32, identity: bool, z: &[f32]) -> Vec<f32> {
        let mut decisions: Vec<f32> = z.iter().map(|z| z - offset).collect();
        self.decide(channel, identity, &mut decisions);
        decisions
    }

    /// Replaces every value of a plane of `channel` by its block's decision.
    pub fn decide(&self, channel: usize, identity: bool, plane: &mut [f32]) {
        let size = self.sizes.get(channel).copied().unwrap_or(BlockSize::RELU);
        match size {
            BlockSize::IDENTITY => plane.fill(f32::from(u8::from(identity))),
            BlockSize::ZERO => plane.fill(0.0),
            BlockSize::RELU => plane.iter_mut().for_each(|value| *value = f32::from(u8::from(*value > 0.0))),
            _ => decide(plane, self.shape.width as usize, size),
        }
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
                part.fill(f32::from(u8::from(*sum > 0.0)));
            }
        }
    }
}
