//! Block-ReLU of a batch. Decisions are constants to gradients.

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::activation::{piecewise, pointwise};
use brelu_networks::activation::Functions;
use brelu_networks::blocks::{BlockRelu, BlockSize};

/// The activation of a batch of a layer's maps.
pub(super) fn apply(layer: &BlockRelu, functions: &Functions, z: Tensor<4>) -> Tensor<4> {
    let computed = piecewise(functions, &z, |_, above| {
        let decided = decisions(layer, &above);
        above * decided
    });
    // Functions without knots are exact where no block is larger than a pixel.
    let computed = match functions.are_piecewise() {
        true => computed,
        false => {
            let [exact, blocks] =
                [|size: &BlockSize| *size == BlockSize::RELU, |size: &BlockSize| *size != BlockSize::RELU]
                    .map(|of| mask(layer, of, &z));
            pointwise(functions, &z) * exact + computed * blocks
        }
    };
    match layer.sizes().iter().any(|size| [BlockSize::IDENTITY, BlockSize::ZERO].contains(size)) {
        false => computed,
        true => {
            let [decides, passes] =
                [|size: &BlockSize| size.decides(), |size: &BlockSize| *size == BlockSize::IDENTITY]
                    .map(|of| mask(layer, of, &z));
            computed * decides + z * passes
        }
    }
}

/// 1 in the channels whose size is as `of` says, 0 in the others.
fn mask(layer: &BlockRelu, of: fn(&BlockSize) -> bool, like: &Tensor<4>) -> Tensor<4> {
    let values: Vec<f32> = layer.sizes().iter().map(|size| f32::from(u8::from(of(size)))).collect();
    let channels = values.len();
    Tensor::from_data(TensorData::new(values, [1, channels, 1, 1]), &like.device())
}

fn decisions(layer: &BlockRelu, z: &Tensor<4>) -> Tensor<4> {
    let (dims, device) = (z.dims(), z.device());
    let mut values: Vec<f32> = super::values(z.clone().detach());
    let channels = dims[1].max(1);
    values
        .par_chunks_mut(layer.shape().plane())
        .enumerate()
        .for_each(|(at, plane)| layer.decide(at % channels, plane));
    Tensor::from_data(TensorData::new(values, dims), &device)
}
