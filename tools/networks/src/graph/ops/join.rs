//! Operations of several tensors.

use std::ops::RangeInclusive;

use super::super::shape::text;
use super::{Operator, Tensor};
use brelu_core::geometry::Shape;

/// [`Op::Add`](super::Op::Add).
pub(crate) struct Add;

impl Operator for Add {
    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match inputs[0] == inputs[1] {
            true => Ok(inputs[0]),
            false => Err(format!("adds {} and {}", text(inputs[0]), text(inputs[1]))),
        }
    }

    fn run(&self, inputs: &[Tensor<'_>], _: Shape, _: &mut Vec<f32>, out: &mut [f32]) {
        for ((out, x), y) in out.iter_mut().zip(inputs[0].values).zip(inputs[1].values) {
            *out = x + y;
        }
    }
}

/// [`Op::Multiply`](super::Op::Multiply).
pub(crate) struct Multiply;

impl Operator for Multiply {
    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let [x, gate] = [inputs[0], inputs[1]];
        match gate == x || gate == Shape::new(x.channels, 1, 1) {
            true => Ok(x),
            false => Err(format!("multiplies {} by {}", text(x), text(gate))),
        }
    }

    fn run(&self, inputs: &[Tensor<'_>], _: Shape, _: &mut Vec<f32>, out: &mut [f32]) {
        let [x, gate] = [inputs[0].values, inputs[1].values];
        let span = (x.len() / gate.len()).max(1);
        for ((out, x), gate) in out.chunks_mut(span).zip(x.chunks(span)).zip(gate) {
            out.iter_mut().zip(x).for_each(|(out, x)| *out = x * gate);
        }
    }
}

/// [`Op::Concat`](super::Op::Concat).
pub(crate) struct Concat;

impl Operator for Concat {
    fn arity(&self) -> RangeInclusive<usize> {
        1..=usize::MAX
    }

    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let first = inputs[0];
        let mut channels = first.channels;
        for shape in &inputs[1..] {
            if (shape.height, shape.width) != (first.height, first.width) {
                return Err(format!("joins {} and {}", text(first), text(*shape)));
            }
            channels = channels.checked_add(shape.channels).ok_or("joins too many channels")?;
        }
        Ok(Shape::new(channels, first.height, first.width))
    }

    fn run(&self, inputs: &[Tensor<'_>], _: Shape, _: &mut Vec<f32>, mut out: &mut [f32]) {
        for Tensor { values, .. } in inputs {
            let (head, tail) = out.split_at_mut(values.len());
            head.copy_from_slice(values);
            out = tail;
        }
    }

    fn is_identity(&self, inputs: &[Shape]) -> bool {
        inputs.len() == 1
    }
}
