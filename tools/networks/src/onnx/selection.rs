//! Operations that select or repeat: Slice, Gather, Expand, Tile.

use super::along::{Along, length, read};
use super::build::{Builder, Tensor, Value};
use super::call::{Call, axis};
use super::constant::MAX_MADE;
use super::error::Problem;
use super::fold::joint;
use super::operand::expanded;
use crate::graph::Axis;

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

/// Gather of a tensor: the dimensions of the indices stand for the one that is read.
pub(super) fn gather(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let indices = call.constant(1)?;
    let at = axis(call.int("axis", 0), x.dims.len())?;
    let position = |index: &i64| axis(*index, x.dims[at]).map(|position| position as u32);
    let sources = indices.as_ints()?.iter().map(position).collect::<Problem<Vec<u32>>>()?;
    let mut along = x.dims.iter().map(|size| Along::all(*size)).collect::<Problem<Vec<_>>>()?;
    along[at] = Along::of(&sources)?;
    let read = read(build, x, &along)?;
    let mut dims = x.dims.clone();
    dims.splice(at..=at, indices.dims.iter().copied());
    build.reshape(&read, dims)
}

/// GatherND of a tensor, where the indices are a list for every dimension that they are of, in all combinations.
pub(super) fn gather_nd(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let indices = call.constant(1)?;
    let rank = x.dims.len();
    let first = usize::try_from(call.int("batch_dims", 0)).ok().filter(|first| *first < rank);
    let misfit = || format!("indices of dimensions {:?} do not fit {:?}", indices.dims, x.dims);
    let first = first.ok_or_else(misfit)?;
    let [outer @ .., count] = &indices.dims[..] else { return Err(misfit()) };
    if outer.len() != first + count || x.dims.get(..first) != outer.get(..first) || first + count > rank {
        return Err(misfit());
    }
    let values = indices.as_ints()?;
    let mut along = x.dims.iter().map(|size| Along::all(*size)).collect::<Problem<Vec<_>>>()?;
    for part in 0..*count {
        let (at, inner) = (first + part, outer[first + part + 1..].iter().product::<usize>());
        let of = |place: usize| values.get(place * count + part).copied().ok_or_else(misfit);
        let list = (0..outer[at]).map(|place| of(place * inner)).collect::<Problem<Vec<i64>>>()?;
        for (place, value) in values.iter().skip(part).step_by((*count).max(1)).enumerate() {
            if list.get(place / inner.max(1) % outer[at].max(1)) != Some(value) {
                return Err("its indices are no lists for every dimension, which is not supported".into());
            }
        }
        let sources = list.iter().map(|index| axis(*index, x.dims[at]).map(|position| position as u32));
        along[at] = Along::of(&sources.collect::<Problem<Vec<u32>>>()?)?;
    }
    read(build, x, &along)
}

/// Tile of a tensor: a dimension of several elements is read over and over.
pub(super) fn tile(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let repeats = call.constant(1)?.as_ints()?;
    if repeats.len() != x.dims.len() {
        return Err(format!("repeats {repeats:?} do not fit the dimensions {:?}", x.dims));
    }
    let along = x.dims.iter().zip(repeats).map(|(size, times)| {
        let (size, times) =
            (length(*size)?, u32::try_from(*times).map_err(|_| "a negative number of repeats")?);
        let len = size.checked_mul(times).filter(|len| *len as usize <= MAX_MADE);
        let len = len.ok_or_else(|| format!("repeats {repeats:?} are too many"))?;
        match (size, times) {
            (_, 1) => Along::all(size as usize),
            (1, _) => Ok(Along::Regular(Axis::repeat(len))),
            _ => Along::of(&(0..len).map(|at| at % size).collect::<Vec<_>>()),
        }
    });
    read(build, x, &along.collect::<Problem<Vec<_>>>()?)
}

pub(super) fn expand(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let wanted = call.constant(1)?.as_ints()?;
    let wanted: Result<Vec<usize>, _> = wanted.iter().map(|size| usize::try_from(*size)).collect();
    let dims = joint(&[&x.dims, &wanted.map_err(|_| "a negative size")?])?;
    expanded(x, &dims, build)
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
