//! What every operation needs, one file each: shape rule, arithmetic on one image, and which rewrites it takes part
//! in. How it is written is beside the other operators of ONNX.

mod activation;
mod affine;
mod conv;
mod direct;
mod join;
mod norm;
mod permute;
mod pool;
mod reshape;
mod unfolded;
mod view;

pub(crate) use activation::Activate;
pub(crate) use affine::Affine;
pub(crate) use conv::Conv;
pub(crate) use join::{Add, Concat, Multiply};
pub(crate) use norm::BatchNorm;
pub(crate) use permute::Permute;
pub(crate) use pool::Pool;
pub(crate) use reshape::{Input, Reshape};
pub(crate) use view::View;

use std::ops::RangeInclusive;

use super::Op;
use crate::onnx::Export;
use brelu_core::geometry::Shape;

/// A tensor of one image.
#[derive(Clone, Copy)]
pub(crate) struct Tensor<'a> {
    pub(crate) shape: Shape,
    pub(crate) values: &'a [f32],
}

/// One operation. `inputs` are as many as [`Operator::arity`] says; the input of the network has the image.
pub(crate) trait Operator: Export {
    /// What people call it, unless that is its name.
    fn description(&self) -> Option<String> {
        None
    }

    /// How many tensors it reads.
    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    /// The shape it computes.
    fn output(&self, inputs: &[Shape]) -> Result<Shape, String>;

    /// Computes `out`, of shape `to` and zero before; `memory` is for what it needs on the way.
    fn run(&self, inputs: &[Tensor<'_>], to: Shape, memory: &mut Vec<f32>, out: &mut [f32]);

    /// Elements of the input that an element of the output is computed from.
    fn reads(&self) -> u64 {
        1
    }

    /// Factor and summand of every channel, if that is what it is.
    fn affine(&self) -> Option<[Vec<f32>; 2]> {
        None
    }

    /// Whether it returns its first input.
    fn is_identity(&self, _inputs: &[Shape]) -> bool {
        false
    }

    /// This followed by an affine map a channel.
    fn then_affine(&self, _scale: &[f32], _shift: &[f32]) -> Option<Op> {
        None
    }

    /// This after `extra` zero rows and columns (top, left, bottom, right) around an input of shape `from`;
    /// `non_negative` if no element of that is less than 0.
    fn after_padding(&self, _from: Shape, _extra: [u16; 4], _non_negative: bool) -> Option<Op> {
        None
    }
}

/// Pads with more beyond them.
fn widened(pads: [u16; 4], extra: [u16; 4]) -> Option<[u16; 4]> {
    let mut total = pads;
    for (pad, extra) in total.iter_mut().zip(extra) {
        *pad = pad.checked_add(extra)?;
    }
    Some(total)
}

/// Refuses constants that are no finite numbers.
fn check_finite(constants: [&[f32]; 2]) -> Result<(), String> {
    let mut constants = constants.into_iter().flatten().enumerate();
    match constants.find(|(_, value)| !value.is_finite()) {
        Some((place, value)) => {
            Err(format!("its constant {place} is {value}: its training diverged, or the file is damaged"))
        }
        None => Ok(()),
    }
}
