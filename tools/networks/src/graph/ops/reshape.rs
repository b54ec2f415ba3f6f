use std::ops::RangeInclusive;

use super::super::shape;
use super::{Operator, Tensor};
use brelu_core::geometry::Shape;

/// [`Op::Input`](super::Op::Input).
pub(crate) struct Input;

impl Operator for Input {
    fn arity(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    /// Of the image.
    fn run(&self, inputs: &[Tensor<'_>], _: Shape, _: &mut Vec<f32>, out: &mut [f32]) {
        out.copy_from_slice(inputs[0].values);
    }
}

/// [`Op::Reshape`](super::Op::Reshape).
pub(crate) struct Reshape(pub(crate) Shape);

impl Operator for Reshape {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        shape::check(self.0)?;
        match self.0.len() == inputs[0].len() {
            true => Ok(self.0),
            false => {
                Err(format!("cannot give {} elements the shape {}", inputs[0].len(), shape::text(self.0)))
            }
        }
    }

    fn run(&self, inputs: &[Tensor<'_>], _: Shape, _: &mut Vec<f32>, out: &mut [f32]) {
        out.copy_from_slice(inputs[0].values);
    }

    fn is_identity(&self, inputs: &[Shape]) -> bool {
        self.0 == inputs[0]
    }
}
