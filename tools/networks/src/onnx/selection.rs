//! Operations that select, repeat, pad or join: Slice, Gather, Expand, Pad, Concat.

use super::build::{Builder, Tensor, Value};
use super::call::{Call, axis};
use super::constant::Constant;
use super::error::Problem;
use super::transposition::{common, inverse};
use crate::graph::{Axis, Op};

/// Positions `start`, `start + step`, ... of an axis: `len` of them.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) start: i64,
    pub(super) step: i64,
    pub(super) len: u32,
}

/// What Slice selects of every dimension; for constants and tensors alike.
pub(super) fn ranges(call: &Call, dims: &[usize]) -> Problem<Vec<Range>> {
    let read = |name, index| call.moved_ints(name, index, 10);
    let starts = read("starts", 1)?.ok_or("starts are missing")?;
    let ends = read("ends", 2)?.ok_or("ends are missing")?;
    let axes = read("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = if call.opset < 10 { None } else { read("steps", 4)? };
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err("starts, ends, axes and steps differ in length".into());
    }
    let mut ranges: Vec<Range> = dims
        .iter()
        .map(|size| Ok(Range { start: 0, step: 1, len: length(*size)? }))
        .collect::<Problem<_>>()?;
    for (index, given) in axes.iter().enumerate() {
        let at = axis(*given, dims.len())?;
        ranges[at] = range(starts[index], ends[index], steps[index], length(dims[at])?)?;
    }
    Ok(ranges)
}

fn length(size: usize) -> Problem<u32> {
    u32::try_from(size).map_err(|_| format!("a dimension of {size} is too large"))
}

fn range(start: i64, end: i64, step: i64, size: u32) -> Problem<Range> {
    let size = i64::from(size);
    let counted = |position: i64| if position < 0 { position.saturating_add(size) } else { position };
    let (start, end, span) = match step {
        0 => return Err("a step is 0".into()),
        1.. => {
            let (start, end) = (counted(start).clamp(0, size), counted(end).clamp(0, size));
            (start, end, end - start)
        }
        _ => {
            let (start, end) = (counted(start).clamp(-1, size - 1), counted(end).clamp(-1, size - 1));
            (start, end, start - end)
        }
    };
    let distance = i64::try_from(step.unsigned_abs()).unwrap_or(i64::MAX);
    let steps = if span <= 0 { 0 } else { (span - 1) / distance + 1 };
    let len = u32::try_from(steps).map_err(|_| format!("selects {start} to {end}"))?;
    Ok(Range { start, step, len })
}

pub(super) fn slice(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let axes: Vec<Axis> =
        ranges(call, &x.dims)?.iter().map(|range| Axis::slice(range.len, range.start, range.step)).collect();
    build.view(x, &axes)
}

/// Gather of a tensor, where the positions are evenly spaced but for rounding.
pub(super) fn gather(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let indices = call.constant(1)?;
    let along = axis(call.int("axis", 0), x.dims.len())?;
    if indices.dims.len() != 1 {
        return Err(format!("indices of dimensions {:?}: only a list is supported", indices.dims));
    }
    let position = |index: &i64| axis(*index, x.dims[along]).map(|position| position as u32);
    let sources = indices.as_ints()?.iter().map(position).collect::<Problem<Vec<u32>>>()?;
    let mut axes =
        x.dims.iter().map(|size| Ok(Axis::identity(length(*size)?))).collect::<Problem<Vec<_>>>()?;
    axes[along] = Axis::through(&sources)
        .ok_or("its indices are not evenly spaced, or more than 2048, which is not supported")?;
    build.view(x, &axes)
}

pub(super) fn expand(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let wanted = call.constant(1)?.as_ints()?;
    let missing = x.dims.len().checked_sub(wanted.len()).ok_or("adds dimensions, which is not supported")?;
    let mut dims = x.dims.clone();
    for (size, wanted) in dims.iter_mut().skip(missing).zip(wanted) {
        let wanted = usize::try_from(*wanted).map_err(|_| "a negative size")?;
        *size = if wanted == 1 { *size } else { wanted };
    }
    build.broadcast(x, &dims)
}

pub(super) fn pad(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let mode = call.text("mode", "constant")?;
    let pads = call.moved_ints("pads", 1, 11)?.ok_or("pads are missing")?;
    let value = match call.opset < 11 {
        true => call.float("value", 0.0),
        false => call.optional_constant(2)?.map_or(Ok(0.0), |constant| constant.scalar())?,
    };
    let padded = axes_of_pad(call, x.dims.len())?;
    if pads.len() != 2 * padded.len() {
        return Err(format!("{} pads do not fit {} dimensions", pads.len(), padded.len()));
    }
    if pads.iter().any(|pad| *pad != 0) && (mode != "constant" || value != 0.0) {
        return Err(format!(
            "attribute mode = {mode:?} with value {value}: only padding with zeros is supported"
        ));
    }
    let mut axes =
        x.dims.iter().map(|size| Ok(Axis::identity(length(*size)?))).collect::<Problem<Vec<_>>>()?;
    for (index, at) in padded.iter().enumerate() {
        let len = axes[*at].len;
        axes[*at] = Axis::pad(len, pads[index], pads[index + padded.len()]);
    }
    build.view(x, &axes)
}

fn axes_of_pad(call: &Call, rank: usize) -> Problem<Vec<usize>> {
    match call.optional_constant(3)? {
        Some(axes) => axes.as_ints()?.iter().map(|given| axis(*given, rank)).collect(),
        None => Ok((0..rank).collect()),
    }
}

pub(super) fn concat(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let inputs = (0..call.inputs.len()).map(|index| call.input(index).ok_or("an input is missing"));
    let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
    let first = inputs.iter().find_map(|value| value.tensor()).ok_or("joins nothing")?.clone();
    let given = call.int("axis", 1);
    let along = axis(given, first.dims.len())?;
    if first.dims.len() < 2 || along == 0 {
        return Err(format!(
            "attribute axis = {given}: only the channels (axis 1) can be joined, and what is behind them"
        ));
    }
    if inputs.iter().any(|value| value.dims().len() != first.dims.len()) {
        return Err("joins tensors with different numbers of dimensions".into());
    }
    let tensors = inputs.iter().map(|value| match value {
        Value::Tensor(tensor) => Ok(tensor.clone()),
        Value::Constant(constant) => filled(build, constant, &first),
    });
    let tensors = tensors.collect::<Problem<Vec<_>>>()?;
    join(&tensors, along, build)
}

/// Tensors one after the other along an axis, which is brought to the place of the channels for that.
fn join(tensors: &[Tensor], along: usize, build: &mut Builder) -> Problem<Tensor> {
    if let Some((bases, order)) = common(tensors, build).filter(|(_, order)| order[along] != 0) {
        let joined = join(&bases, order[along], build)?;
        return build.transpose_back(joined, order);
    }
    let axes = tensors.first().map_or(0, |tensor| tensor.dims.len());
    if along != 1 {
        let others = (1..axes).filter(|axis| *axis != along);
        let order: Vec<usize> = [0, along].into_iter().chain(others).collect();
        let moved =
            tensors.iter().map(|tensor| build.transpose(tensor, &order)).collect::<Problem<Vec<_>>>()?;
        let joined = join_channels(&moved, build)?;
        return build.transpose(&joined, &inverse(&order));
    }
    join_channels(tensors, build)
}

fn join_channels(tensors: &[Tensor], build: &mut Builder) -> Problem<Tensor> {
    let mut dims = tensors.first().map_or(Vec::new(), |tensor| tensor.dims.clone());
    dims[1] = tensors.iter().map(|tensor| tensor.dims[1]).sum();
    build.push_as(Op::Concat, &tensors.iter().collect::<Vec<_>>(), dims)
}

/// A constant with one value a channel as a tensor: zeros, which a view finds outside of `any` tensor, and what is added.
fn filled(build: &mut Builder, constant: &Constant, any: &Tensor) -> Problem<Tensor> {
    let values = constant.floats();
    let channels = constant.dims.get(1).copied().unwrap_or_default();
    let plane = values
        .len()
        .checked_div(channels)
        .filter(|plane| *plane > 0)
        .ok_or("joins a constant without elements")?;
    let shift: Vec<f32> = values.iter().copied().step_by(plane).collect();
    if values.chunks_exact(plane).zip(&shift).any(|(plane, first)| plane.iter().any(|value| value != first)) {
        return Err(format!(
            "joins a constant of dimensions {:?} that changes within a plane",
            constant.dims
        ));
    }
    let mut axes =
        constant.dims.iter().map(|size| Ok(Axis::repeat(length(*size)?))).collect::<Problem<Vec<_>>>()?;
    axes[0] = Axis::identity(axes[0].len);
    axes[1].add = -1;
    let zeros = build.view(any, &axes)?;
    match shift.iter().all(|value| *value == 0.0) {
        true => Ok(zeros),
        false => {
            let op = Op::Affine { scale: vec![1.0; shift.len()], shift };
            build.push_as(op, &[&zeros], constant.dims.clone())
        }
    }
}

/// The positions that ranges list, dimension by dimension; for constants.
pub(super) fn positions(ranges: &[Range]) -> Problem<Vec<Vec<usize>>> {
    let position = |range: &Range, i: u32| usize::try_from(range.start + i64::from(i) * range.step);
    let list = |range: &Range| (0..range.len).map(|i| position(range, i)).collect::<Result<Vec<_>, _>>();
    ranges.iter().map(|range| list(range).map_err(|_| "a negative position".into())).collect()
}

/// Whether every input that is there is a constant.
pub(super) fn all_constant(inputs: &[Option<Value>]) -> bool {
    inputs.iter().flatten().all(|value| matches!(value, Value::Constant(_)))
}
