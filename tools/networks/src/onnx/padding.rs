//! Pad: with a constant, or with what the tensor has at the other side of its edges.

use super::along::{Along, length, read};
use super::build::{Builder, Tensor};
use super::call::{Call, axis};
use super::constant::{Constant, Data, MAX_MADE, product};
use super::error::Problem;
use super::operand::with_constant;
use crate::graph::{Axis, Op};

pub(super) fn pad(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let mode = call.text("mode", "constant")?;
    let pads = pads(call, x.dims.len())?;
    if pads.iter().all(|pads| *pads == [0; 2]) {
        return Ok(x.clone());
    }
    if mode == "constant" {
        return constant(call, build, x, &pads);
    }
    let along = x.dims.iter().zip(&pads).map(|(size, pads)| {
        let sources = continued(mode, i64::try_from(*size).unwrap_or(i64::MAX), *pads)?;
        sources.map_or_else(|| Along::all(*size), |sources| Along::of(&sources))
    });
    read(build, x, &along.collect::<Problem<Vec<_>>>()?)
}

/// What is added before and after every dimension; less than nothing takes away.
fn pads(call: &Call, rank: usize) -> Problem<Vec<[i64; 2]>> {
    let given = call.moved_ints("pads", 1, 11)?.ok_or("pads are missing")?;
    let axes: Vec<usize> = match call.optional_constant(3)? {
        Some(axes) => axes.as_ints()?.iter().map(|given| axis(*given, rank)).collect::<Problem<_>>()?,
        None => (0..rank).collect(),
    };
    if given.len() != 2 * axes.len() {
        return Err(format!("{} pads do not fit {} dimensions", given.len(), axes.len()));
    }
    let mut pads = vec![[0; 2]; rank];
    for (index, at) in axes.iter().enumerate() {
        pads[*at] = [given[index], given[index + axes.len()]];
    }
    Ok(pads)
}

fn constant(call: &Call, build: &mut Builder, x: &Tensor, pads: &[[i64; 2]]) -> Problem<Tensor> {
    let value = match call.opset < 11 {
        true => call.float("value", 0.0),
        false => call.optional_constant(2)?.map_or(Ok(0.0), |constant| constant.scalar())?,
    };
    if !value.is_finite() {
        return Err(format!("pads with {value}: pad with a number, or let the pooling behind it pad"));
    }
    let axes = x
        .dims
        .iter()
        .zip(pads)
        .map(|(size, [before, after])| length(*size).map(|size| Axis::pad(size, *before, *after)));
    let axes = axes.collect::<Problem<Vec<_>>>()?;
    let padded = build.view(x, &axes)?;
    if value == 0.0 || pads.iter().flatten().all(|pad| *pad <= 0) {
        return Ok(padded);
    }
    let frame = frame(&x.dims, &axes, value)?;
    with_constant(&padded, &frame, build, |shift| Ok(Op::Affine { scale: vec![1.0; shift.len()], shift }))
}

/// The value wherever `axes` read outside of a tensor of `dims`, zeros elsewhere.
fn frame(dims: &[usize], axes: &[Axis], value: f32) -> Problem<Constant> {
    let sizes: Vec<usize> = axes.iter().map(|axis| axis.len as usize).collect();
    if product(&sizes).is_none_or(|len| len > MAX_MADE) {
        return Err(format!("pads {dims:?} to {sizes:?} with {value}, which is too large: pad with zeros"));
    }
    let mut outside = vec![false];
    for (size, axis) in dims.iter().zip(axes) {
        let along: Vec<bool> = axis.sources(length(*size)?).map(|source| source.is_none()).collect();
        outside = outside.iter().flat_map(|before| along.iter().map(move |own| *before || *own)).collect();
    }
    Constant::new(sizes, Data::Float(outside.iter().map(|out| if *out { value } else { 0.0 }).collect()))
}

/// The positions read of a dimension of `size` that goes on by this rule; nothing for all of them as they are.
fn continued(mode: &str, size: i64, [before, after]: [i64; 2]) -> Problem<Option<Vec<u32>>> {
    let (least, most) = (before.min(after), before.max(after));
    let room = match mode {
        "reflect" => size - 1,
        "edge" => i64::from(u16::MAX),
        "wrap" => size,
        other => return Err(format!("attribute mode = {other:?} is not known")),
    };
    if most > room || least.saturating_neg() >= size || (least < 0 && most > 0) {
        return Err(format!(
            "attribute mode = {mode:?} with pads {before} and {after} of a dimension of {size} is not supported"
        ));
    }
    let position = |at: i64| match mode {
        "reflect" if at < 0 => -at,
        "reflect" if at >= size => 2 * (size - 1) - at,
        "wrap" => at.rem_euclid(size),
        _ => at.clamp(0, size - 1),
    };
    let sources = (-before..size + after).map(|at| u32::try_from(position(at)));
    match [before, after] {
        [0, 0] => Ok(None),
        _ => sources.collect::<Result<_, _>>().map(Some).map_err(|_| "a dimension is too large".into()),
    }
}
