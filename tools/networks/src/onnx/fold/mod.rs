//! Operations on constants only, computed at import: mostly how exporters write down shapes.

mod elementwise;
mod quantised;
mod reduce;

pub(super) use elementwise::{floats, joint, spread};

use super::build::Value;
use super::call::{Call, axis};
use super::constant::{Constant, Data, MAX_MADE, product};
use super::error::Problem;
use super::proto::data_type;
use super::{reshaping, selection};
use std::rc::Rc;

/// Operators that are computed on constants only, beside those of [`elementwise`] and [`reduce`].
const OTHERS: [&str; 8] =
    ["Shape", "Size", "Constant", "ConstantOfShape", "Range", "Where", "NonZero", "CastLike"];

/// Whether an operator is one that constants can have.
pub(super) fn knows(operator: &str) -> bool {
    let reduced = reduce::REDUCED.iter().any(|(name, _)| *name == operator);
    let lists = [&OTHERS[..], &elementwise::BINARY, elementwise::UNARY];
    reduced || lists.iter().any(|list| list.contains(&operator))
}

/// The value of an operation on constants, or `None` if it is none of these.
pub(super) fn fold(call: &Call) -> Problem<Option<Rc<Constant>>> {
    let operator = call.proto.op_type.as_str();
    let folded = match operator {
        "Shape" => shape(call)?,
        "Size" => size(call)?,
        "Constant" => constant(call)?,
        _ if !selection::all_constant(&call.inputs) || call.inputs.is_empty() => return Ok(None),
        "Identity" | "Dropout" => return call.constant(0).cloned().map(Some),
        "Cast" => cast(call.constant(0)?, call.int("to", 0) as i32)?,
        "CastLike" => match &call.constant(1)?.data {
            Data::Float(_) => cast(call.constant(0)?, data_type::FLOAT)?,
            Data::Int(_) => cast(call.constant(0)?, data_type::INT64)?,
        },
        "ConstantOfShape" => constant_of_shape(call)?,
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => {
            let from = call.constant(0)?;
            let dims: Vec<i64> =
                reshaping::target(call, &from.dims)?.iter().map(|size| *size as i64).collect();
            from.reshape(&dims)?
        }
        "Transpose" => {
            let from = call.constant(0)?;
            from.transpose(&reshaping::order(call, from.dims.len())?)?
        }
        "Slice" => {
            let from = call.constant(0)?;
            from.select(&selection::positions(&selection::ranges(call, &from.dims)?)?)?
        }
        "Gather" => gather(call)?,
        "Concat" => concat(call)?,
        "Tile" => tile(call)?,
        "Range" => range(call)?,
        "NonZero" => non_zero(call.constant(0)?)?,
        "Where" => elementwise::chosen(call)?,
        "Clip" => elementwise::clipped(call)?,
        "Expand" => elementwise::expanded(call)?,
        "MatMul" => reduce::matrix_product(call)?,
        "QuantizeLinear" => quantised::quantised(call)?,
        "DequantizeLinear" => quantised::dequantised(call)?,
        _ if elementwise::BINARY.contains(&operator) => elementwise::joined(call)?,
        _ if elementwise::UNARY.contains(&operator) => elementwise::unary(operator, call.constant(0)?)?,
        _ => match reduce::REDUCED.iter().find(|(name, _)| *name == operator) {
            Some((_, since)) => reduce::reduced(call, *since)?,
            None => return Ok(None),
        },
    };
    Ok(Some(Rc::new(folded)))
}

fn shape(call: &Call) -> Problem<Constant> {
    let dims = call.input(0).map(Value::dims).ok_or("input 0 is missing")?;
    let rank = dims.len() as i64;
    let bound =
        |given: i64| (if given < 0 { given.saturating_add(rank) } else { given }).clamp(0, rank) as usize;
    let (start, end) = (bound(call.int("start", 0)), bound(call.int("end", rank)));
    let chosen = dims.get(start..end).unwrap_or_default();
    Ok(Constant::ints(chosen.iter().map(|size| *size as i64).collect()))
}

fn size(call: &Call) -> Problem<Constant> {
    let dims = call.input(0).map(Value::dims).ok_or("input 0 is missing")?;
    let len = product(dims).and_then(|len| i64::try_from(len).ok()).ok_or("too many elements")?;
    Constant::new(Vec::new(), Data::Int(vec![len]))
}

fn constant(call: &Call) -> Problem<Constant> {
    if let Some(tensor) = call.constant_attribute("value")? {
        return Ok(tensor);
    }
    let attribute = call.proto.attribute.first().ok_or("has no value")?;
    match attribute.name.as_str() {
        "value_float" => Constant::new(Vec::new(), Data::Float(vec![attribute.f])),
        "value_int" => Constant::new(Vec::new(), Data::Int(vec![attribute.i])),
        "value_floats" => Constant::new(vec![attribute.floats.len()], Data::Float(attribute.floats.clone())),
        "value_ints" => Ok(Constant::ints(attribute.ints.clone())),
        other => Err(format!("attribute {other} is not supported")),
    }
}

/// Smallest and largest value of a type of whole numbers.
fn bounds(data_type: i32) -> Problem<[i64; 2]> {
    match data_type {
        data_type::INT8 => Ok([i8::MIN.into(), i8::MAX.into()]),
        data_type::UINT8 => Ok([0, u8::MAX.into()]),
        data_type::INT32 => Ok([i32::MIN.into(), i32::MAX.into()]),
        data_type::INT64 => Ok([i64::MIN, i64::MAX]),
        other => Err(format!(
            "attribute to = {}: constants of this type are not supported",
            data_type::name(other)
        )),
    }
}

fn cast(from: &Constant, to: i32) -> Problem<Constant> {
    let data = match (to, &from.data) {
        (data_type::FLOAT | data_type::DOUBLE, _) => Data::Float(from.floats()),
        (data_type::FLOAT16, _) => {
            Data::Float(from.floats().iter().map(|value| half::f16::from_f32(*value).to_f32()).collect())
        }
        (data_type::BFLOAT16, _) => {
            Data::Float(from.floats().iter().map(|value| half::bf16::from_f32(*value).to_f32()).collect())
        }
        (data_type::BOOL, Data::Float(values)) => {
            Data::Int(values.iter().map(|value| i64::from(*value != 0.0)).collect())
        }
        (data_type::BOOL, Data::Int(values)) => {
            Data::Int(values.iter().map(|value| i64::from(*value != 0)).collect())
        }
        (_, data) => {
            let [least, most] = bounds(to)?;
            let values: Vec<i64> = match data {
                Data::Int(values) => values.clone(),
                // Beyond 64 bits, as not a number, runtimes differ.
                Data::Float(values) => values.iter().map(|value| whole(*value)).collect::<Problem<_>>()?,
            };
            if let Some(value) = values.iter().find(|value| !(least..=most).contains(*value)) {
                return Err(format!("casts {value} to {}, where it does not fit", data_type::name(to)));
            }
            Data::Int(values)
        }
    };
    Constant::new(from.dims.clone(), data)
}

fn whole(value: f32) -> Problem<i64> {
    match value.abs() < 9.2e18 {
        true => Ok(value as i64),
        false => Err(format!("casts {value} to a whole number")),
    }
}

fn constant_of_shape(call: &Call) -> Problem<Constant> {
    let sizes = call.constant(0)?.as_ints()?;
    let dims: Option<Vec<usize>> = sizes.iter().map(|size| usize::try_from(*size).ok()).collect();
    let dims = dims.ok_or("a negative size")?;
    let len = product(&dims)
        .filter(|len| *len <= MAX_MADE)
        .ok_or_else(|| format!("shape {dims:?} is too large"))?;
    let data = match call.constant_attribute("value")?.map(|value| value.data) {
        None => Data::Float(vec![0.0; len]),
        Some(Data::Float(values)) => Data::Float(vec![*values.first().ok_or("has no value")?; len]),
        Some(Data::Int(values)) => Data::Int(vec![*values.first().ok_or("has no value")?; len]),
    };
    Constant::new(dims, data)
}

fn gather(call: &Call) -> Problem<Constant> {
    let (from, indices) = (call.constant(0)?, call.constant(1)?);
    let along = axis(call.int("axis", 0), from.dims.len())?;
    let mut axes: Vec<Vec<usize>> = from.dims.iter().map(|size| (0..*size).collect()).collect();
    axes[along] = indices
        .as_ints()?
        .iter()
        .map(|index| axis(*index, from.dims[along]))
        .collect::<Problem<Vec<usize>>>()?;
    let picked = from.select(&axes)?;
    let mut dims = from.dims.clone();
    dims.splice(along..=along, indices.dims.iter().copied());
    Constant::new(dims, picked.data)
}

fn concat(call: &Call) -> Problem<Constant> {
    let parts = (0..call.inputs.len()).map(|index| call.constant(index)).collect::<Problem<Vec<_>>>()?;
    let first = parts.first().ok_or("joins nothing")?;
    let along = axis(call.int("axis", 0), first.dims.len())?;
    let fits = |part: &Constant| {
        let sizes = || part.dims.iter().zip(&first.dims).enumerate();
        part.dims.len() == first.dims.len() && sizes().all(|(axis, (a, b))| axis == along || a == b)
    };
    if !parts.iter().all(|part| fits(part)) {
        let dims: Vec<_> = parts.iter().map(|part| &part.dims).collect();
        return Err(format!("joins constants of dimensions {dims:?}, which do not fit"));
    }
    // A short name may stand for a long constant, and any number of times.
    let lens = || parts.iter().map(|part| part.len());
    if lens().fold(0, usize::saturating_add) > lens().max().unwrap_or_default().max(MAX_MADE) {
        return Err("joins too many values".into());
    }
    let mut dims = first.dims.clone();
    dims[along] = parts.iter().map(|part| part.dims[along]).sum();
    let outer: usize = dims[..along].iter().product();
    fn interleaved<T: Copy>(lists: &[Vec<T>], outer: usize) -> Vec<T> {
        let block = |list: &Vec<T>, at: usize| {
            let len = list.len() / outer;
            list[at * len..][..len].to_vec()
        };
        (0..outer).flat_map(|at| lists.iter().flat_map(move |list| block(list, at))).collect()
    }
    if parts.iter().all(|part| matches!(part.data, Data::Int(_))) {
        let lists =
            parts.iter().map(|part| part.as_ints().map(<[i64]>::to_vec)).collect::<Problem<Vec<_>>>()?;
        return Constant::new(dims, Data::Int(interleaved(&lists, outer)));
    }
    let lists: Vec<Vec<f32>> = parts.iter().map(|part| part.floats()).collect();
    Constant::new(dims, Data::Float(interleaved(&lists, outer)))
}

fn tile(call: &Call) -> Problem<Constant> {
    let (from, repeats) = (call.constant(0)?, call.constant(1)?.as_ints()?);
    if repeats.len() != from.dims.len() {
        return Err(format!("repeats {repeats:?} do not fit dimensions {:?}", from.dims));
    }
    let mut axes = Vec::with_capacity(repeats.len());
    for (size, times) in from.dims.iter().zip(repeats) {
        let times = usize::try_from(*times).map_err(|_| "a negative number of repeats")?;
        let len = size.checked_mul(times).filter(|len| *len <= MAX_MADE.max(*size));
        let len = len.ok_or_else(|| format!("repeats {repeats:?} are too many"))?;
        axes.push((0..len).map(|at| at % size.max(&1)).collect());
    }
    from.select(&axes)
}

fn range(call: &Call) -> Problem<Constant> {
    let [start, limit, step] = [call.constant(0)?, call.constant(1)?, call.constant(2)?];
    let too_long = || "counts by zero or too many numbers".to_owned();
    let len =
        |count: f64| (0.0..=MAX_MADE as f64).contains(&count).then_some(count as usize).ok_or_else(too_long);
    if let (Ok([start]), Ok([limit]), Ok([step])) = (start.as_ints(), limit.as_ints(), step.as_ints()) {
        let span = limit.checked_sub(*start).ok_or_else(too_long)?;
        let count = len((span as f64 / *step as f64).ceil().max(0.0))? as i64;
        let values: Option<Vec<i64>> =
            (0..count).map(|at| start.checked_add(at.checked_mul(*step)?)).collect();
        return Ok(Constant::ints(values.ok_or_else(too_long)?));
    }
    let [start, limit, step] = [start.scalar()?, limit.scalar()?, step.scalar()?];
    let count = len(f64::from(((limit - start) / step).ceil()).max(0.0))?;
    Constant::new(vec![count], Data::Float((0..count).map(|at| start + at as f32 * step).collect()))
}

/// The positions of elements that are not zero, a row for every axis.
fn non_zero(from: &Constant) -> Problem<Constant> {
    let is_set: Vec<bool> = match &from.data {
        Data::Int(values) => values.iter().map(|value| *value != 0).collect(),
        Data::Float(values) => values.iter().map(|value| *value != 0.0).collect(),
    };
    let places: Vec<usize> = is_set.iter().enumerate().filter(|(_, set)| **set).map(|(at, _)| at).collect();
    let mut values = Vec::new();
    for axis in 0..from.dims.len() {
        let inner: usize = from.dims[axis + 1..].iter().product();
        values.extend(places.iter().map(|at| (at / inner % from.dims[axis]) as i64));
    }
    Constant::new(vec![from.dims.len(), places.len()], Data::Int(values))
}
