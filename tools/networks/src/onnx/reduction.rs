//! ReduceMean, ReduceSum, ReduceMax and ReduceMin over any dimensions, as poolings: whole planes as they are, any other
//! dimension as the rows of the tensor reshaped around it, which moves nothing.

use super::build::{Builder, Tensor};
use super::call::{Call, axis};
use super::constant::product;
use super::error::Problem;
use crate::graph::{Op, Window};

/// What becomes of the elements.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Mean,
    Max,
}

pub(super) fn mean(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let axes = axes(call, 18)?;
    reduced(call, build, call.tensor(0)?, &axes, Kind::Mean)
}

/// The mean times the number of elements.
pub(super) fn sum(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (x, axes) = (call.tensor(0)?, axes(call, 13)?);
    let count: usize = axes.iter().map(|axis| x.dims[*axis]).product();
    let mean = reduced(call, build, x, &axes, Kind::Mean)?;
    scaled(build, &mean, count as f32)
}

pub(super) fn max(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let axes = axes(call, 18)?;
    reduced(call, build, call.tensor(0)?, &axes, Kind::Max)
}

pub(super) fn min(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let axes = axes(call, 18)?;
    let opposite = scaled(build, call.tensor(0)?, -1.0)?;
    let most = reduced(call, build, &opposite, &axes, Kind::Max)?;
    scaled(build, &most, -1.0)
}

/// The dimensions in order, which are an input since operator set `since`; all of them by default.
fn axes(call: &Call, since: i64) -> Problem<Vec<usize>> {
    let rank = call.tensor(0)?.dims.len();
    let given = call.moved_ints("axes", 1, since)?.unwrap_or_default();
    if given.is_empty() && call.int("noop_with_empty_axes", 0) == 0 {
        return Ok((0..rank).collect());
    }
    let mut axes = given.iter().map(|given| axis(*given, rank)).collect::<Problem<Vec<_>>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

fn reduced(call: &Call, build: &mut Builder, x: &Tensor, axes: &[usize], kind: Kind) -> Problem<Tensor> {
    let rank = x.dims.len();
    let planes = (3..=4).contains(&rank) && (2..rank).all(|axis| axes.contains(&axis));
    let mut value = x.clone();
    if planes {
        let dims = x.dims.iter().enumerate().map(|(axis, size)| if axis < 2 { *size } else { 1 }).collect();
        let shape = build.graph[x.id].shape;
        value = pooled(build, x, [shape.height as usize, shape.width as usize], dims, kind)?;
    }
    for axis in axes {
        value = over(build, &value, *axis, kind)?;
    }
    if call.int("keepdims", 1) != 0 {
        return Ok(value);
    }
    let kept = value.dims.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, size)| *size);
    let kept = kept.collect();
    build.reshape(&value, kept)
}

/// Over one dimension, which stays with one element.
fn over(build: &mut Builder, x: &Tensor, axis: usize, kind: Kind) -> Problem<Tensor> {
    let size = x.dims[axis];
    if size == 1 {
        return Ok(x.clone());
    }
    let [outer, inner] = [&x.dims[..axis], &x.dims[axis + 1..]].map(product);
    let (Some(outer), Some(inner)) = (outer, inner) else { return Err("too many elements".into()) };
    let rows = build.reshape(x, vec![1, outer, size, inner])?;
    let value = pooled(build, &rows, [size, 1], vec![1, outer, 1, inner], kind)?;
    let mut dims = x.dims.clone();
    dims[axis] = 1;
    build.reshape(&value, dims)
}

fn pooled(
    build: &mut Builder,
    x: &Tensor,
    window: [usize; 2],
    dims: Vec<usize>,
    kind: Kind,
) -> Problem<Tensor> {
    let [rows, columns] = window.map(|size| {
        u16::try_from(size).map_err(|_| format!("reduces {size} elements at once, which is too much"))
    });
    let window = Window::new([rows?, columns?]);
    let op = match kind {
        Kind::Mean => Op::AveragePool { window, count_include_pad: false },
        Kind::Max => Op::MaxPool(window),
    };
    build.push_as(op, &[x], dims)
}

fn scaled(build: &mut Builder, x: &Tensor, factor: f32) -> Problem<Tensor> {
    if factor == 1.0 {
        return Ok(x.clone());
    }
    let channels = build.graph[x.id].shape.channels as usize;
    let op = Op::Affine { scale: vec![factor; channels], shift: vec![0.0; channels] };
    build.push_as(op, &[x], x.dims.clone())
}
