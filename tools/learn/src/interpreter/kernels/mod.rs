//! The parts of a training step that take most of its time, written for this machine's memory and processor instead of
//! burn's general tensors: convolutions in one group, batch norms with the statistics of the batch, block-ReLU, and views.
//!
//! Each gives nothing for tensors of other devices, or for what it is not made for, and burn's operation is taken then.
//! Sums are made in an order that does not depend on the number of threads.

mod activation;
mod conv;
mod fixed;
mod gather;
mod lanes;
mod node;
mod norm;
mod plan;
mod plane;
mod view;

pub(super) use activation::{Slope, decide};
pub(super) use fixed::Fixed;
pub(super) use view::View;

use brelu_core::geometry::Conv2d;
use burn::tensor::Tensor;
use rayon::prelude::*;

use conv::Conv;
use node::{AnyTensor, computed, contiguous, floats, host};
use norm::Sizes;

/// The convolution of a batch with weights in ONNX order.
pub(super) fn convolve(
    geometry: &Conv2d,
    x: &Tensor<4>,
    weights: &Tensor<1>,
    bias: Option<&Tensor<1>>,
) -> Option<Tensor<4>> {
    let conv = Conv::new(geometry)?;
    let out = geometry.output()?;
    let (image, kernel) = (contiguous(x)?, contiguous(weights)?);
    let summand = match bias {
        Some(bias) => Some(contiguous(bias)?),
        None => None,
    };
    let y = conv.forward(floats(&image), floats(&kernel), summand.as_ref().map(floats));
    let shape = [x.dims()[0], out.channels as usize, out.height as usize, out.width as usize];
    let gradients = move |gradient: &[f32], [inputs, weights]: [bool; 2]| {
        let inputs = inputs.then(|| conv.inputs(gradient, floats(&kernel)));
        [inputs, weights.then(|| conv.weights(floats(&image), gradient))]
    };
    let (x, weights) = (AnyTensor::Four(x), AnyTensor::One(weights));
    match bias {
        None => computed([&x, &weights], y, shape, gradients),
        Some(bias) => {
            let again = Conv::new(geometry)?;
            let all = move |gradient: &[f32], [inputs, weights, bias]: [bool; 3]| {
                let [inputs, weights] = gradients(gradient, [inputs, weights]);
                [inputs, weights, bias.then(|| again.bias(gradient))]
            };
            computed([&x, &weights, &AnyTensor::One(bias)], y, shape, all)
        }
    }
}

/// A batch normalised by its own mean and biased variance, and these, without gradients.
pub(super) fn normalise(
    x: &Tensor<4>,
    scale: &Tensor<1>,
    shift: &Tensor<1>,
    epsilon: f32,
) -> Option<(Tensor<4>, [Tensor<1>; 2])> {
    let dims = x.dims();
    let sizes = Sizes { images: dims[0], channels: dims[1], plane: dims[2] * dims[3] };
    let (image, factor, summand) = (contiguous(x)?, contiguous(scale)?, contiguous(shift)?);
    let moments = sizes.moments(floats(&image));
    let y = sizes.normalise(floats(&image), &moments, floats(&factor), floats(&summand), epsilon);
    let statistics = [&moments.mean, &moments.variance]
        .map(|values| Tensor::from_primitive::<burn::backend::Flex>(host(values.clone(), &[values.len()])));
    let gradients = move |gradient: &[f32], _: [bool; 3]| {
        sizes.gradients(floats(&image), gradient, &moments, floats(&factor), epsilon).map(Some)
    };
    let inputs = [&AnyTensor::Four(x), &AnyTensor::One(scale), &AnyTensor::One(shift)];
    Some((computed(inputs, y, dims, gradients)?, statistics))
}

/// A view of every image of a batch.
pub(super) fn view(view: &View, x: &Tensor<4>) -> Option<Tensor<4>> {
    let image = contiguous(x)?;
    let y = view.forward(floats(&image));
    let [channels, height, width] = view.shape();
    let own = view.clone();
    let gradients = move |gradient: &[f32], _: [bool; 1]| [Some(own.backward(gradient))];
    computed([&AnyTensor::Four(x)], y, [x.dims()[0], channels, height, width], gradients)
}

/// Zeros, written by all threads.
fn zeros(len: usize) -> Vec<f32> {
    const PART: usize = 4096;
    let parts = rayon::iter::repeat_n([0.0; PART], len.div_ceil(PART)).with_min_len(16);
    let mut values = parts.collect::<Vec<_>>().into_flattened();
    values.truncate(len);
    values
}

#[cfg(test)]
mod tests;
