//! Block-ReLU of a batch, with what its gradient needs.

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::fixed::Fixed;
use super::node::{AnyTensor, computed, contiguous, floats, host};
use super::plane::Plane;
use super::zeros;
use brelu_networks::blocks::{BlockRelu, BlockSize};

/// The gradient of decisions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) enum Slope {
    /// None: decisions are constants.
    Zero,
    /// Decisions are hard; their gradient is that of `sigmoid(mean / width)`.
    Hard {
        /// Means of this size are decided softly.
        width: f32,
    },
    /// Decisions are `sigmoid(mean / width)`, values and gradients.
    Soft {
        /// Means of this size are decided softly.
        width: f32,
    },
}

/// The activation of a batch: `None` as `layer` decides pixel by pixel.
pub(in super::super) fn decide(
    layer: Option<&BlockRelu>,
    bound: Option<f32>,
    slope: Slope,
    fixed: Option<Fixed>,
    z: &Tensor<4>,
) -> Option<Tensor<4>> {
    let dims = z.dims();
    let (channels, plane, line) = (dims[1].max(1), (dims[2] * dims[3]).max(1), dims[3].max(1));
    let mut memory = contiguous(z)?;
    let mut windows = None;
    if let Some(fixed) = fixed {
        let rounded = fixed.round(layer, floats(&memory), [channels, plane, line]);
        memory = host(rounded.values, &dims);
        windows = Some((fixed, rounded.steps));
    }
    let layer = layer.cloned();
    let size = move |layer: &Option<BlockRelu>, at: usize| {
        layer.as_ref().and_then(|layer| layer.sizes().get(at % channels).copied()).unwrap_or(BlockSize::RELU)
    };
    let values = floats(&memory);
    let mut y = zeros(values.len());
    let of = Planes { line, bound, slope, windows };
    y.par_chunks_mut(plane).zip(values.par_chunks(plane)).enumerate().for_each(|(at, (y, z))| {
        of.plane(at, channels).forward(size(&layer, at), z, y);
    });
    let gradients = move |gradient: &[f32], _: [bool; 1]| {
        let mut found = zeros(gradient.len());
        let inputs = floats(&memory).par_chunks(plane).zip(gradient.par_chunks(plane));
        found.par_chunks_mut(plane).zip(inputs).enumerate().for_each(|(at, (found, (z, gradient)))| {
            of.plane(at, channels).backward(size(&layer, at), z, gradient, found);
        });
        [Some(found)]
    };
    computed([&AnyTensor::Four(z)], y, dims, gradients)
}

/// How the planes of a batch are computed.
struct Planes {
    line: usize,
    bound: Option<f32>,
    slope: Slope,
    /// Units of the windows of all channels.
    windows: Option<(Fixed, Vec<f32>)>,
}

impl Planes {
    fn plane(&self, at: usize, channels: usize) -> Plane {
        let window = |(fixed, steps): &(Fixed, Vec<f32>)| (*fixed, steps[at % channels], at);
        Plane {
            line: self.line,
            bound: self.bound,
            slope: self.slope,
            window: self.windows.as_ref().map(window),
        }
    }
}
