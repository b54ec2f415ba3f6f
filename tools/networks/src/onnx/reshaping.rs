//! Operations that keep the elements: Reshape, Flatten, Squeeze, Unsqueeze; in another order: Transpose, DepthToSpace,
//! SpaceToDepth.

use super::build::{Builder, Tensor};
use super::call::{Call, axis};
use super::constant::product;
use super::error::Problem;

/// The dimensions these operations give a value of dimensions `from`; for constants and tensors alike.
pub(super) fn target(call: &Call, from: &[usize]) -> Problem<Vec<usize>> {
    match call.proto.op_type.as_str() {
        "Reshape" => reshape(call, from),
        "Flatten" => flatten(call, from),
        "Squeeze" => squeeze(call, from),
        _ => unsqueeze(call, from),
    }
}

pub(super) fn tensor(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let dims = target(call, &x.dims)?;
    build.reshape(x, dims)
}

fn reshape(call: &Call, from: &[usize]) -> Problem<Vec<usize>> {
    let wanted = call.constant(1)?.as_ints()?.to_vec();
    let zero_copies = call.int("allowzero", 0) == 0;
    let refusal = || format!("shape {wanted:?} does not fit {from:?}");
    let mut dims = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (position, size) in wanted.iter().enumerate() {
        dims.push(match size {
            0 if zero_copies => *from.get(position).ok_or_else(refusal)?,
            -1 if open.is_none() => {
                open = Some(position);
                1
            }
            size => usize::try_from(*size).map_err(|_| refusal())?,
        });
    }
    let (have, known) = (product(from).ok_or_else(refusal)?, product(&dims).ok_or_else(refusal)?);
    if let Some(position) = open {
        dims[position] = have.checked_div(known).ok_or_else(refusal)?;
    }
    match product(&dims) == Some(have) {
        true => Ok(dims),
        false => Err(refusal()),
    }
}

fn flatten(call: &Call, from: &[usize]) -> Problem<Vec<usize>> {
    let given = call.int("axis", 1);
    let at = if given == from.len() as i64 { from.len() } else { axis(given, from.len())? };
    let size = |dims: &[usize]| product(dims).ok_or("too many elements");
    Ok(vec![size(&from[..at])?, size(&from[at..])?])
}

fn squeeze(call: &Call, from: &[usize]) -> Problem<Vec<usize>> {
    let removed: Vec<usize> = match call.moved_ints("axes", 1, 13)? {
        Some(axes) => axes.iter().map(|given| axis(*given, from.len())).collect::<Problem<_>>()?,
        None => (0..from.len()).filter(|position| from[*position] == 1).collect(),
    };
    if let Some(position) = removed.iter().find(|position| from[**position] != 1) {
        return Err(format!("removes dimension {position} of {from:?}, which is not 1"));
    }
    Ok((0..from.len())
        .filter(|position| !removed.contains(position))
        .map(|position| from[position])
        .collect())
}

fn unsqueeze(call: &Call, from: &[usize]) -> Problem<Vec<usize>> {
    let axes = call.moved_ints("axes", 1, 13)?.ok_or("axes are missing")?;
    let rank = from.len().saturating_add(axes.len());
    let added = axes.iter().map(|given| axis(*given, rank)).collect::<Problem<Vec<_>>>()?;
    let mut rest = from.iter();
    let dims: Vec<usize> = (0..rank)
        .filter_map(|position| if added.contains(&position) { Some(1) } else { rest.next().copied() })
        .collect();
    match dims.len() == rank {
        true => Ok(dims),
        false => Err(format!("axes {axes:?} name a dimension twice")),
    }
}

/// The axes in their new order; reversed by default.
pub(super) fn order(call: &Call, rank: usize) -> Problem<Vec<usize>> {
    let Some(perm) = call.ints("perm") else { return Ok((0..rank).rev().collect()) };
    let mut sorted: Vec<i64> = perm.to_vec();
    sorted.sort_unstable();
    match sorted.iter().copied().eq(0..rank as i64) {
        true => perm.iter().map(|given| axis(*given, rank)).collect(),
        false => Err(format!("attribute perm = {perm:?} does not permute {rank} dimensions")),
    }
}

pub(super) fn transpose(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let order = order(call, x.dims.len())?;
    build.transpose(x, &order)
}

/// Blocks of the channels become blocks of rows and columns.
pub(super) fn depth_to_space(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (x, block) = (call.tensor(0)?, block(call)?);
    let [batch, channels, height, width] = sizes(x)?;
    let parts = divided(channels, block * block, "channels")?;
    let (dims, order) = match call.text("mode", "DCR")? {
        "DCR" => ([batch, block, block, parts, height, width], [0, 3, 4, 1, 5, 2]),
        "CRD" => ([batch, parts, block, block, height, width], [0, 1, 4, 2, 5, 3]),
        other => return Err(format!("attribute mode = {other:?} is not known")),
    };
    let blocks = build.reshape(x, dims.to_vec())?;
    let moved = build.transpose(&blocks, &order)?;
    build.reshape(&moved, vec![batch, parts, height * block, width * block])
}

/// Blocks of rows and columns become blocks of the channels.
pub(super) fn space_to_depth(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (x, block) = (call.tensor(0)?, block(call)?);
    let [batch, channels, height, width] = sizes(x)?;
    let [rows, columns] = [divided(height, block, "rows")?, divided(width, block, "columns")?];
    let blocks = build.reshape(x, vec![batch, channels, rows, block, columns, block])?;
    let moved = build.transpose(&blocks, &[0, 3, 5, 1, 2, 4])?;
    build.reshape(&moved, vec![batch, channels * block * block, rows, columns])
}

fn sizes(x: &Tensor) -> Problem<[usize; 4]> {
    x.planes()?;
    <[usize; 4]>::try_from(&x.dims[..]).map_err(|_| "its input has no channels, rows and columns".into())
}

fn block(call: &Call) -> Problem<usize> {
    let given = call.int("blocksize", 0);
    let block = u16::try_from(given).ok().filter(|block| *block > 0);
    block.map(usize::from).ok_or_else(|| format!("attribute blocksize = {given} is no size of a block"))
}

fn divided(size: usize, by: usize, what: &str) -> Problem<usize> {
    match size.is_multiple_of(by) {
        true => Ok(size / by),
        false => Err(format!("{size} {what} are not divided by {by}")),
    }
}
