//! Block-ReLU of a layer: `y = d * z` with `d = 1` where the sum of the block of `z` is positive (arXiv 2304.10442,
//! equation 1). A bounded ReLU is `ReLU(z) - ReLU(z - max)` with a decision each. Decisions are constants to gradients.

use brelu_core::geometry::Shape;
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use crate::blocks::BlockSize;

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

    /// The sizes of the channels.
    pub fn sizes(&self) -> &[BlockSize] {
        &self.sizes
    }

    /// The activation of a batch.
    pub fn apply(&self, bound: Option<f32>, z: Tensor<4>) -> Tensor<4> {
        let low = z.clone() * self.decisions(&z, true);
        match bound {
            None => low,
            Some(max) => {
                let above = z - max;
                let decided = self.decisions(&above, false);
                low - above * decided
            }
        }
    }

    /// The activation of one plane of `channel`.
    pub fn plane(&self, channel: usize, bound: Option<f32>, z: &[f32]) -> Vec<f32> {
        let size = self.sizes.get(channel).copied().unwrap_or(BlockSize::RELU);
        let line = self.shape.width as usize;
        let relu = |offset: f32, identity_passes: bool| {
            let mut decisions: Vec<f32> = z.iter().map(|z| z - offset).collect();
            decide_as(&mut decisions, line, size, identity_passes);
            decisions.iter().zip(z).map(|(decision, z)| decision * (z - offset)).collect::<Vec<f32>>()
        };
        let mut y = relu(0.0, true);
        if let Some(max) = bound {
            y.iter_mut().zip(relu(max, false)).for_each(|(y, above)| *y -= above);
        }
        y
    }

    /// 1 where `z` passes, 0 elsewhere; identity channels pass everywhere or nowhere.
    fn decisions(&self, z: &Tensor<4>, identity_passes: bool) -> Tensor<4> {
        let dims = z.dims();
        let device = z.device();
        let mut values: Vec<f32> = super::values(z.clone().detach());
        let (plane, channels) = (self.shape.plane(), self.sizes.len());
        values.par_chunks_mut(plane).enumerate().for_each(|(at, plane)| {
            decide_as(plane, self.shape.width as usize, self.sizes[at % channels], identity_passes);
        });
        Tensor::from_data(TensorData::new(values, dims), &device)
    }
}

fn decide_as(plane: &mut [f32], line: usize, size: BlockSize, identity_passes: bool) {
    match size {
        BlockSize::IDENTITY => plane.fill(f32::from(u8::from(identity_passes))),
        BlockSize::ZERO => plane.fill(0.0),
        _ => decide(plane, line, size),
    }
}

/// Replaces every value of a plane by its block's decision.
fn decide(plane: &mut [f32], line: usize, size: BlockSize) {
    if size == BlockSize::RELU {
        plane.iter_mut().for_each(|value| *value = f32::from(u8::from(*value > 0.0)));
        return;
    }
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
