//! Element by element arithmetic on constants, with ONNX's broadcasting.

use super::super::call::Call;
use super::super::constant::{Constant, Data, MAX_MADE, product};
use super::super::error::Problem;
use crate::activation::Elementary;

/// Operators on two constants, or more of the first four.
pub(super) const BINARY: [&str; 18] = [
    "Add",
    "Mul",
    "Min",
    "Max",
    "Sum",
    "Sub",
    "Div",
    "Mod",
    "Pow",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "And",
    "Or",
    "Xor",
    "Mean",
];

/// Operators on one constant.
pub(super) const UNARY: &[&str] = &[
    "Neg",
    "Abs",
    "Sign",
    "Not",
    "Relu",
    "Floor",
    "Ceil",
    "Round",
    "Sqrt",
    "Exp",
    "Log",
    "Reciprocal",
    "Sigmoid",
    "Tanh",
    "Erf",
    "Softplus",
    "Softsign",
    "Sin",
    "Cos",
];

pub(super) fn unary(operator: &str, x: &Constant) -> Problem<Constant> {
    let data = match &x.data {
        Data::Int(values) => {
            let apply: fn(i64) -> Option<i64> = match operator {
                "Neg" => i64::checked_neg,
                "Abs" => i64::checked_abs,
                "Sign" => |x| Some(x.signum()),
                "Relu" => |x| Some(x.max(0)),
                "Not" => |x| Some(i64::from(x == 0)),
                _ => return Err("computes with whole numbers, which it is not for".into()),
            };
            Data::Int(values.iter().map(|x| apply(*x)).collect::<Option<_>>().ok_or("overflows")?)
        }
        Data::Float(values) => {
            let apply: fn(f32) -> f32 = match operator {
                "Neg" => |x| -x,
                "Abs" => f32::abs,
                "Sign" => |x| if x == 0.0 { 0.0 } else { x.signum() },
                "Relu" => |x| x.max(0.0),
                "Floor" => f32::floor,
                "Ceil" => f32::ceil,
                "Round" => f32::round_ties_even,
                "Sqrt" => f32::sqrt,
                "Exp" => f32::exp,
                "Log" => f32::ln,
                "Reciprocal" => f32::recip,
                "Sigmoid" => |x| 1.0 / (1.0 + (-x).exp()),
                "Tanh" => f32::tanh,
                "Erf" => |x| Elementary::Erf.of(x.into()) as f32,
                "Softplus" => |x| Elementary::Softplus.of(x.into()) as f32,
                "Softsign" => |x| Elementary::Softsign.of(x.into()) as f32,
                "Sin" => f32::sin,
                "Cos" => f32::cos,
                _ => return Err("computes with floats, which it is not for".into()),
            };
            Data::Float(values.iter().map(|x| apply(*x)).collect())
        }
    };
    Constant::new(x.dims.clone(), data)
}

/// All operands one after the other.
pub(super) fn joined(call: &Call) -> Problem<Constant> {
    let operator = match call.proto.op_type.as_str() {
        "Sum" | "Mean" => "Add",
        other => other,
    };
    let count = call.inputs.len();
    let variadic = matches!(operator, "Add" | "Min" | "Max") && call.proto.op_type != "Add";
    if count != 2 && !(variadic && count > 0) {
        return Err(format!("has {count} operands"));
    }
    let mut result = call.constant(0)?.as_ref().clone();
    for index in 1..count {
        result = binary(call, operator, &result, call.constant(index)?)?;
    }
    if call.proto.op_type == "Mean" {
        let share = Constant::new(Vec::new(), Data::Float(vec![count as f32]))?;
        result = binary(call, "Div", &result, &share)?;
    }
    Ok(result)
}

fn binary(call: &Call, operator: &str, x: &Constant, y: &Constant) -> Problem<Constant> {
    let dims = broadcast(&[x, y])?;
    let pairs = (spread(x, &dims)?, spread(y, &dims)?);
    if let Some(compare) = comparison(operator) {
        let values = match pairs {
            (Data::Int(x), Data::Int(y)) => zip(x, y, |x, y| compare(x.cmp(&y).into())),
            (x, y) => zip(floats(x), floats(y), |x, y| compare(x.partial_cmp(&y))),
        };
        return Constant::new(dims, Data::Int(values.into_iter().map(i64::from).collect()));
    }
    let data = match pairs {
        (Data::Int(x), Data::Int(y)) => {
            let apply = whole(operator, call.int("fmod", 0) != 0)?;
            let values: Option<Vec<i64>> = zip(x, y, apply).into_iter().collect();
            Data::Int(values.ok_or("overflows or divides by zero")?)
        }
        (Data::Int(_), Data::Float(_)) if operator == "Pow" => {
            return Err("raises a whole number to a power that is none, which is not supported".into());
        }
        (x, y) => Data::Float(zip(floats(x), floats(y), real(operator, call.int("fmod", 0) != 0)?)),
    };
    Constant::new(dims, data)
}

type Compare = fn(Option<std::cmp::Ordering>) -> bool;

fn comparison(operator: &str) -> Option<Compare> {
    Some(match operator {
        "Equal" => |order| order.is_some_and(std::cmp::Ordering::is_eq),
        "Greater" => |order| order.is_some_and(std::cmp::Ordering::is_gt),
        "GreaterOrEqual" => |order| order.is_some_and(std::cmp::Ordering::is_ge),
        "Less" => |order| order.is_some_and(std::cmp::Ordering::is_lt),
        "LessOrEqual" => |order| order.is_some_and(std::cmp::Ordering::is_le),
        _ => return None,
    })
}

fn whole(operator: &str, fmod: bool) -> Problem<fn(i64, i64) -> Option<i64>> {
    Ok(match operator {
        "Add" => i64::checked_add,
        "Sub" => i64::checked_sub,
        "Mul" => i64::checked_mul,
        "Div" => i64::checked_div,
        "Mod" if fmod => i64::checked_rem,
        // The sign is that of the divisor.
        "Mod" => |x, y| {
            x.checked_rem(y).map(|rest| if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest })
        },
        "Pow" => |x, y| x.checked_pow(u32::try_from(y).ok()?),
        "Min" => |x, y| Some(x.min(y)),
        "Max" => |x, y| Some(x.max(y)),
        "And" => |x, y| Some(i64::from(x != 0 && y != 0)),
        "Or" => |x, y| Some(i64::from(x != 0 || y != 0)),
        "Xor" => |x, y| Some(i64::from((x != 0) != (y != 0))),
        _ => return Err("the operator is not supported".into()),
    })
}

fn real(operator: &str, fmod: bool) -> Problem<fn(f32, f32) -> f32> {
    Ok(match operator {
        "Add" => |x, y| x + y,
        "Sub" => |x, y| x - y,
        "Mul" => |x, y| x * y,
        "Div" => |x, y| x / y,
        "Mod" if fmod => |x, y| x % y,
        "Pow" => f32::powf,
        "Min" => f32::min,
        "Max" => f32::max,
        _ => return Err("computes with floats, which it is not for".into()),
    })
}

/// `Where`: the second where the first is not zero, else the third.
pub(super) fn chosen(call: &Call) -> Problem<Constant> {
    let [condition, x, y] = [call.constant(0)?, call.constant(1)?, call.constant(2)?];
    let dims = broadcast(&[condition, x, y])?;
    let Data::Int(condition) = spread(condition, &dims)? else {
        return Err("its condition is of floats".into());
    };
    fn pick<T>(condition: Vec<i64>, x: Vec<T>, y: Vec<T>) -> Vec<T> {
        let pairs = condition.into_iter().zip(x.into_iter().zip(y));
        pairs.map(|(condition, (x, y))| if condition != 0 { x } else { y }).collect()
    }
    let data = match (spread(x, &dims)?, spread(y, &dims)?) {
        (Data::Int(x), Data::Int(y)) => Data::Int(pick(condition, x, y)),
        (x, y) => Data::Float(pick(condition, floats(x), floats(y))),
    };
    Constant::new(dims, data)
}

/// `Clip`, its bounds attributes before operator set 11.
pub(super) fn clipped(call: &Call) -> Problem<Constant> {
    let mut result = call.constant(0)?.as_ref().clone();
    for (index, name, operator) in [(1, "min", "Max"), (2, "max", "Min")] {
        let bound = match call.opset {
            ..11 => {
                call.optional_float(name).map(|value| Constant::new(Vec::new(), Data::Float(vec![value])))
            }
            _ => call.optional_constant(index)?.map(|bound| Ok(bound.as_ref().clone())),
        };
        if let Some(bound) = bound.transpose()? {
            result = binary(call, operator, &result, &bound)?;
        }
    }
    Ok(result)
}

/// `Expand`: repeated along dimensions of one element.
pub(super) fn expanded(call: &Call) -> Problem<Constant> {
    let (x, wanted) = (call.constant(0)?, call.constant(1)?.as_ints()?);
    let sizes: Option<Vec<usize>> = wanted.iter().map(|size| usize::try_from(*size).ok()).collect();
    let dims = joint(&[&x.dims, &sizes.ok_or("a negative size")?])?;
    let data = spread(x, &dims)?;
    Constant::new(dims, data)
}

/// The dimensions of all constants together.
fn broadcast(constants: &[&Constant]) -> Problem<Vec<usize>> {
    joint(&constants.iter().map(|constant| constant.dims.as_slice()).collect::<Vec<_>>())
}

/// The dimensions of what is combined.
pub(in super::super) fn joint(shapes: &[&[usize]]) -> Problem<Vec<usize>> {
    let rank = shapes.iter().map(|dims| dims.len()).max().unwrap_or_default();
    let mut dims = vec![1; rank];
    for shape in shapes {
        for (size, own) in dims.iter_mut().rev().zip(shape.iter().rev()) {
            *size = match (*size, *own) {
                (size, 1) => size,
                (1, own) => own,
                (size, own) if size == own => size,
                _ => return Err(format!("combines constants of dimensions {shapes:?}")),
            };
        }
    }
    Ok(dims)
}

/// The elements of a constant repeated to `dims`, to which it can be broadcast.
pub(in super::super) fn spread(constant: &Constant, dims: &[usize]) -> Problem<Data> {
    if constant.dims == dims {
        return Ok(constant.data.clone());
    }
    if product(dims).is_none_or(|len| len > MAX_MADE.max(constant.len())) {
        return Err(format!("repeats a constant to {dims:?}, which is too large"));
    }
    let missing = dims.len() - constant.dims.len();
    let own: Vec<usize> = std::iter::repeat_n(1, missing).chain(constant.dims.iter().copied()).collect();
    let along = |(own, to): (&usize, &usize)| if own == to { (0..*to).collect() } else { vec![0; *to] };
    let axes: Vec<Vec<usize>> = own.iter().zip(dims).map(along).collect();
    Ok(Constant::new(own, constant.data.clone())?.select(&axes)?.data)
}

pub(in super::super) fn floats(data: Data) -> Vec<f32> {
    match data {
        Data::Float(values) => values,
        Data::Int(values) => values.into_iter().map(|value| value as f32).collect(),
    }
}

fn zip<T, R>(x: Vec<T>, y: Vec<T>, apply: impl Fn(T, T) -> R) -> Vec<R> {
    x.into_iter().zip(y).map(|(x, y)| apply(x, y)).collect()
}
