//! Block-ReLU of a batch. Decisions are constants to gradients.

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use brelu_networks::blocks::BlockRelu;

/// The activation of a batch of a layer's maps.
pub(super) fn apply(layer: &BlockRelu, bound: Option<f32>, z: Tensor<4>) -> Tensor<4> {
    let low = z.clone() * decisions(layer, &z, true);
    match bound {
        None => low,
        Some(max) => {
            let above = z - max;
            let decided = decisions(layer, &above, false);
            low - above * decided
        }
    }
}

fn decisions(layer: &BlockRelu, z: &Tensor<4>, identity: bool) -> Tensor<4> {
    let (dims, device) = (z.dims(), z.device());
    let mut values: Vec<f32> = super::values(z.clone().detach());
    let channels = dims[1].max(1);
    values
        .par_chunks_mut(layer.shape().plane())
        .enumerate()
        .for_each(|(at, plane)| layer.decide(at % channels, identity, plane));
    Tensor::from_data(TensorData::new(values, dims), &device)
}
