//! Relu and Clip.

use super::build::{Builder, Tensor};
use super::call::Call;
use super::error::Problem;
use crate::graph::Op;

/// From here on a bound is none: exporters write the largest float for infinity.
const UNBOUNDED: f32 = 1e38;

pub(super) fn relu(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    build.push_as(Op::Relu, &[x], x.dims.clone())
}

pub(super) fn clip(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let min = bound(call, "min", 1, f32::NEG_INFINITY)?;
    let max = bound(call, "max", 2, f32::INFINITY)?;
    if min <= -UNBOUNDED && max >= UNBOUNDED {
        return Ok(x.clone());
    }
    if min != 0.0 || max.is_nan() || max <= 0.0 {
        return Err(format!(
            "clips to {min} ..= {max}; only a lower bound 0 with a positive upper bound is supported"
        ));
    }
    let op = if max >= UNBOUNDED { Op::Relu } else { Op::Clip { max } };
    build.push_as(op, &[x], x.dims.clone())
}

fn bound(call: &Call, name: &str, index: usize, default: f32) -> Problem<f32> {
    if call.opset < 11 {
        return Ok(call.float(name, default));
    }
    call.optional_constant(index)?.map_or(Ok(default), |constant| constant.scalar())
}
