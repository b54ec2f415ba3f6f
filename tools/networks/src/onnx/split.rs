//! Split: the only operator with several results.

use super::build::{Builder, Value};
use super::call::{Call, axis};
use super::error::Problem;
use crate::graph::Axis;
use std::rc::Rc;

pub(super) fn split(call: &Call, build: &mut Builder) -> Problem<Vec<Value>> {
    let whole = call.input(0).ok_or("input 0 is missing")?.clone();
    let along = axis(call.int("axis", 0), whole.dims().len())?;
    let mut start = 0;
    let mut parts = Vec::new();
    for len in lens(call, whole.dims()[along])? {
        parts.push(part(&whole, along, start, len, build)?);
        start += len;
    }
    Ok(parts)
}

/// Elements `start .. start + len` of an axis.
fn part(whole: &Value, along: usize, start: usize, len: usize, build: &mut Builder) -> Problem<Value> {
    match whole {
        Value::Tensor(tensor) => {
            let mut axes: Vec<Axis> = tensor.dims.iter().map(|size| Axis::identity(*size as u32)).collect();
            axes[along] = Axis::slice(len as u32, start as i64, 1);
            build.view(tensor, &axes).map(Value::Tensor)
        }
        Value::Constant(constant) => {
            let mut axes: Vec<Vec<usize>> = constant.dims.iter().map(|size| (0..*size).collect()).collect();
            axes[along] = (start..start + len).collect();
            Ok(Value::Constant(Rc::new(constant.select(&axes)?)))
        }
    }
}

/// How many of `size` elements each part has.
fn lens(call: &Call, size: usize) -> Problem<Vec<usize>> {
    let outputs = call.proto.output.len();
    let given = call.moved_ints("split", 1, 13)?;
    let lens: Vec<usize> = match &given {
        Some(given) => given.iter().map(|len| usize::try_from(*len).unwrap_or(usize::MAX)).collect(),
        None => {
            // Of uneven parts the last one is the smaller; before operator set 18 there are none.
            let part = size.div_ceil(outputs.max(1)).max(1);
            (0..outputs).map(|index| size.saturating_sub(index * part).min(part)).collect()
        }
    };
    let total = lens.iter().try_fold(0usize, |total, len| total.checked_add(*len));
    let numbered =
        call.opset < 18 || given.is_some() || call.int("num_outputs", outputs as i64) == outputs as i64;
    let uneven = given.is_none() && call.opset < 18 && outputs > 0 && !size.is_multiple_of(outputs);
    match total == Some(size) && lens.len() == outputs && numbered && !uneven {
        true => Ok(lens),
        false => Err(format!("cannot split an axis of {size} elements into the {outputs} parts {lens:?}")),
    }
}
