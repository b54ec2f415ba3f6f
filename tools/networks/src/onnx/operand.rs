//! Constants as operands of tensors, broadcast as ONNX says.
//!
//! Graphs have operations with one number a channel. A constant that changes within planes makes one too: what it is
//! written out for become the channels, by reshapes around the operation, which move nothing.

use super::build::{Builder, Tensor};
use super::constant::{Constant, product};
use super::error::Problem;
use super::fold::{floats, joint, spread};
use crate::graph::Op;

/// The operation that `make` builds of one number a channel, on `x` and a constant broadcast together.
pub(super) fn with_constant(
    x: &Tensor,
    constant: &Constant,
    build: &mut Builder,
    make: impl Fn(Vec<f32>) -> Problem<Op>,
) -> Problem<Tensor> {
    let misfit =
        || format!("a constant of dimensions {:?} does not fit a tensor {:?}", constant.dims, x.dims);
    let dims = joint(&[&x.dims, &constant.dims]).map_err(|_| misfit())?;
    let x = expanded(x, &dims, build)?;
    let channels = x.channel_axis() + 1;
    let values = written_out(constant, &dims, channels)?;
    let planes = product(&dims[..channels]).filter(|planes| *planes > 0).ok_or_else(misfit)?;
    if let Some(values) = one_each(&values, planes) {
        return build.push_as(make(values)?, &[&x], dims);
    }
    let over = product(&dims).and_then(|len| len.checked_div(values.len())).ok_or_else(misfit)?;
    let flat = build.reshape(&x, vec![1, values.len(), over])?;
    let result = build.push_as(make(values)?, &[&flat], flat.dims.clone())?;
    build.reshape(&result, dims)
}

/// `x` with as many dimensions as `dims` has, repeated to these sizes.
pub(super) fn expanded(x: &Tensor, dims: &[usize], build: &mut Builder) -> Problem<Tensor> {
    let missing = dims.len().saturating_sub(x.dims.len());
    let own = std::iter::repeat_n(1, missing).chain(x.dims.iter().copied()).collect();
    let x = build.reshape(x, own)?;
    build.broadcast(&x, dims)
}

/// The numbers for `channels` dimensions at least, and for more only where the constant changes along them.
fn written_out(constant: &Constant, dims: &[usize], channels: usize) -> Problem<Vec<f32>> {
    let missing = dims.len() - constant.dims.len();
    let changing = constant.dims.iter().rposition(|size| *size != 1).map_or(0, |at| missing + at + 1);
    let mut sizes = dims.to_vec();
    sizes.iter_mut().skip(channels.max(changing)).for_each(|size| *size = 1);
    spread(constant, &sizes).map(floats)
}

/// The first of every run of equal numbers, if all numbers are `count` such runs of the same length.
fn one_each(values: &[f32], count: usize) -> Option<Vec<f32>> {
    let each = values.len().checked_div(count).filter(|each| *each > 0 && values.len() == each * count)?;
    let equal = |run: &[f32]| run.iter().all(|value| *value == run[0]).then_some(run[0]);
    values.chunks_exact(each).map(equal).collect()
}
