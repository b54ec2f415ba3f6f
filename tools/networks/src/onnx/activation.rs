//! Piecewise-linear functions.

use super::arithmetic::per_channel;
use super::build::{Builder, Tensor};
use super::call::Call;
use super::error::Problem;
use crate::activation::{Activation, ActivationError, Functions, Knot};
use crate::graph::Op;

/// From here on a bound is none: exporters write the largest float for infinity.
const UNBOUNDED: f32 = 1e38;

pub(super) fn relu(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    one(call, build, Activation::relu())
}

pub(super) fn clip(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let min = bound(call, "min", 1, f32::NEG_INFINITY)?;
    let max = bound(call, "max", 2, f32::INFINITY)?;
    match (min > -UNBOUNDED, max < UNBOUNDED) {
        (false, false) if !(min.is_nan() || max.is_nan()) => Ok(call.tensor(0)?.clone()),
        (true, false) if !max.is_nan() => one(call, build, known(Activation::at_least(min))?),
        (false, true) if !min.is_nan() => one(call, build, known(Activation::at_most(max))?),
        _ if min >= max => {
            Err(format!("clips to {min} ..= {max}: the lower bound has to be below the upper"))
        }
        _ => one(call, build, known(Activation::clip(min, max))?),
    }
}

pub(super) fn abs(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    one(call, build, known(Activation::new(-1.0, 0.0, vec![Knot { at: 0.0, slope: 2.0 }]))?)
}

pub(super) fn leaky_relu(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let slope = call.float("alpha", 0.01);
    if slope == 1.0 {
        return Ok(call.tensor(0)?.clone());
    }
    one(call, build, known(Activation::leaky(slope))?)
}

pub(super) fn thresholded_relu(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    match call.float("alpha", 1.0) {
        0.0 => one(call, build, Activation::relu()),
        alpha => Err(format!(
            "jumps at {alpha}, and a jump cannot be computed approximately: train with a ReLU instead"
        )),
    }
}

pub(super) fn hard_sigmoid(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (alpha, beta) = (call.float("alpha", 0.2), call.float("beta", 0.5));
    one(call, build, known(Activation::hard_sigmoid(alpha, beta))?)
}

/// The slopes are one for all channels, or one for each.
pub(super) fn parametric_relu(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let slopes = per_channel(call.constant(1)?, x)?;
    let functions =
        slopes.iter().map(|slope| known(Activation::leaky(*slope))).collect::<Problem<Vec<_>>>()?;
    build.push_as(Op::Activation(Functions::of_channels(functions)), &[x], x.dims.clone())
}

fn one(call: &Call, build: &mut Builder, activation: Activation) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    build.push_as(Op::Activation(activation.into()), &[x], x.dims.clone())
}

fn known<T>(result: Result<T, ActivationError>) -> Problem<T> {
    result.map_err(|error| error.to_string())
}

fn bound(call: &Call, name: &str, index: usize, default: f32) -> Problem<f32> {
    if call.opset < 11 {
        return Ok(call.float(name, default));
    }
    call.optional_constant(index)?.map_or(Ok(default), |constant| constant.scalar())
}
