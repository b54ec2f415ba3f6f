//! Concat of tensors and constants.

use super::along::{join, length};
use super::build::{Builder, Tensor, Value};
use super::call::{Call, axis};
use super::constant::Constant;
use super::error::Problem;
use super::operand::with_constant;
use crate::graph::{Axis, Op};

pub(super) fn concat(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let inputs = (0..call.inputs.len()).map(|index| call.input(index).ok_or("an input is missing"));
    let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
    let first = inputs.iter().find_map(|value| value.tensor()).ok_or("joins nothing")?.clone();
    let given = call.int("axis", 1);
    let at = axis(given, first.dims.len())?;
    if inputs.len() > 1 && at < first.channel_axis() {
        return Err(format!("attribute axis = {given}: the batch cannot be joined"));
    }
    if inputs.iter().any(|value| value.dims().len() != first.dims.len()) {
        return Err("joins tensors with different numbers of dimensions".into());
    }
    let tensors = inputs.iter().map(|value| match value {
        Value::Tensor(tensor) => Ok(tensor.clone()),
        Value::Constant(constant) => filled(build, constant, &first),
    });
    let tensors = tensors.collect::<Problem<Vec<_>>>()?;
    join(build, at, &tensors)
}

/// A constant as a tensor: zeros, which a view finds outside of `any` tensor, and what is added.
fn filled(build: &mut Builder, constant: &Constant, any: &Tensor) -> Problem<Tensor> {
    let mut axes = any
        .dims
        .iter()
        .zip(&constant.dims)
        .map(|(_, size)| Ok(Axis::repeat(length(*size)?)))
        .collect::<Problem<Vec<_>>>()?;
    let channels = any.channel_axis();
    axes[..channels].iter_mut().for_each(|axis| *axis = Axis::identity(axis.len));
    axes[channels].add = -1;
    let zeros = build.view(any, &axes)?;
    match constant.floats().iter().all(|value| *value == 0.0) {
        true => Ok(zeros),
        false => with_constant(&zeros, constant, build, |shift| {
            Ok(Op::Affine { scale: vec![1.0; shift.len()], shift })
        }),
    }
}
