//! Operations on constants only, computed at import: mostly how exporters write down shapes.

use super::build::Value;
use super::call::{Call, axis};
use super::constant::{Constant, Data, MAX_MADE, product};
use super::error::Problem;
use super::proto::data_type;
use super::{reshaping, selection};
use std::rc::Rc;

/// The value of an operation on constants, or `None` if it is none of these.
pub(super) fn fold(call: &Call) -> Problem<Option<Rc<Constant>>> {
    let operator = call.proto.op_type.as_str();
    let folded = match operator {
        "Shape" => shape(call)?,
        "Constant" => constant(call)?,
        _ if !selection::all_constant(&call.inputs) || call.inputs.is_empty() => return Ok(None),
        "Identity" | "Dropout" => return call.constant(0).cloned().map(Some),
        "Cast" => cast(call)?,
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
        "Add" | "Sub" | "Mul" | "Div" => arithmetic(operator, call.constant(0)?, call.constant(1)?)?,
        "Neg" | "Floor" | "Ceil" | "Sqrt" => unary(operator, call.constant(0)?),
        _ => return Ok(None),
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

fn cast(call: &Call) -> Problem<Constant> {
    let from = call.constant(0)?;
    let data = match (call.int("to", 0) as i32, &from.data) {
        (data_type::FLOAT | data_type::DOUBLE | data_type::FLOAT16 | data_type::BFLOAT16, _) => {
            Data::Float(from.floats())
        }
        (data_type::BOOL, data) => match data {
            Data::Float(values) => Data::Int(values.iter().map(|value| i64::from(*value != 0.0)).collect()),
            Data::Int(values) => Data::Int(values.iter().map(|value| i64::from(*value != 0)).collect()),
        },
        (_, Data::Float(values)) => Data::Int(values.iter().map(|value| *value as i64).collect()),
        (_, Data::Int(values)) => Data::Int(values.clone()),
    };
    Constant::new(from.dims.clone(), data)
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
    if parts.iter().any(|part| part.dims.len() != 1) {
        return Err("joins constants of more than one dimension, which is not supported".into());
    }
    // A short name may stand for a long constant, and any number of times.
    let lens = || parts.iter().map(|part| part.len());
    if lens().fold(0, usize::saturating_add) > lens().max().unwrap_or_default().max(MAX_MADE) {
        return Err("joins too many values".into());
    }
    if parts.iter().all(|part| matches!(part.data, Data::Int(_))) {
        let lists = parts.iter().map(|part| part.as_ints()).collect::<Problem<Vec<_>>>()?;
        return Ok(Constant::ints(lists.concat()));
    }
    let values: Vec<f32> = parts.iter().flat_map(|part| part.floats()).collect();
    Constant::new(vec![values.len()], Data::Float(values))
}

fn arithmetic(operator: &str, x: &Constant, y: &Constant) -> Problem<Constant> {
    let dims = match (x.len(), y.len()) {
        _ if x.dims == y.dims => &x.dims,
        (1, _) if x.dims.len() <= y.dims.len() => &y.dims,
        (_, 1) if y.dims.len() <= x.dims.len() => &x.dims,
        _ => return Err(format!("combines constants of dimensions {:?} and {:?}", x.dims, y.dims)),
    };
    let len = x.len().max(y.len());
    if let (Data::Int(x), Data::Int(y)) = (&x.data, &y.data) {
        let apply = |(x, y): (&i64, &i64)| match operator {
            "Add" => x.checked_add(*y),
            "Sub" => x.checked_sub(*y),
            "Mul" => x.checked_mul(*y),
            _ => x.checked_div(*y),
        };
        let values: Option<Vec<i64>> = x.iter().cycle().zip(y.iter().cycle()).take(len).map(apply).collect();
        return Constant::new(dims.clone(), Data::Int(values.ok_or("overflows or divides by zero")?));
    }
    let apply = |(x, y): (&f32, &f32)| match operator {
        "Add" => x + y,
        "Sub" => x - y,
        "Mul" => x * y,
        _ => x / y,
    };
    let values = x.floats().iter().cycle().zip(y.floats().iter().cycle()).take(len).map(apply).collect();
    Constant::new(dims.clone(), Data::Float(values))
}

fn unary(operator: &str, x: &Constant) -> Constant {
    let data = match &x.data {
        Data::Int(values) if operator == "Neg" => {
            Data::Int(values.iter().map(|x| x.wrapping_neg()).collect())
        }
        Data::Int(values) => Data::Int(values.clone()),
        Data::Float(values) => {
            let apply: fn(f32) -> f32 = match operator {
                "Neg" => |x| -x,
                "Floor" => f32::floor,
                "Ceil" => f32::ceil,
                _ => f32::sqrt,
            };
            Data::Float(values.iter().map(|x| apply(*x)).collect())
        }
    };
    Constant { dims: x.dims.clone(), data }
}
