//! BatchNormalization and element by element arithmetic: of two tensors (Add, Sub, Mul, Sum, Max, Min) or with a constant a channel.

use super::build::{Builder, Tensor, Value};
use super::call::Call;
use super::compose;
use super::constant::Constant;
use super::error::Problem;
use super::operand::with_constant;
use crate::activation::{Activation, ActivationError, Elementary, Functions, Step};
use crate::graph::Op;

/// Why tensors cannot be multiplied.
pub(super) const PRODUCT: &str = "multiplies two computed tensors, which is not supported";

/// Why tensors cannot be divided by.
pub(super) const QUOTIENT: &str = "divides by a computed tensor, which is not supported";

pub(super) fn batch_normalization(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    // Before operator set 14 it is the number of outputs that says so.
    let outputs = call.proto.output.iter().filter(|output| !output.is_empty()).count();
    if call.opset < 14 && outputs > 1 {
        return Err(format!(
            "has {outputs} outputs, so it is for training (statistics of the batch): export the model for inference"
        ));
    }
    if call.int("training_mode", 0) != 0 {
        return Err("attribute training_mode = 1: export the model for inference".into());
    }
    if call.opset < 9 && call.int("spatial", 1) != 1 {
        return Err("attribute spatial = 0 is not supported".into());
    }
    let x = call.tensor(0)?;
    let channels = build.graph[x.id].shape.channels as usize;
    let statistic = |index: usize| {
        let values = call.constant(index)?.floats();
        match values.len() == channels {
            true => Ok(values),
            false => Err(format!("input {index} has {} values for {channels} channels", values.len())),
        }
    };
    let op = Op::BatchNorm {
        scale: statistic(1)?,
        shift: statistic(2)?,
        mean: statistic(3)?,
        variance: statistic(4)?,
        epsilon: call.float("epsilon", 1e-5),
    };
    build.push_as(op, &[x], x.dims.clone())
}

pub(super) fn add(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    match operands(call)? {
        Operands::Tensors(x, y) => add_tensors(x, y, build),
        Operands::Constant { x, constant, .. } => with_constant(x, constant, build, added),
    }
}

pub(super) fn sum(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    fold(call, build, add_tensors, added).ok_or("adds nothing")?
}

/// Mean of several tensors and constants.
pub(super) fn mean(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let total = sum(call, build)?;
    let channels = build.graph[total.id].shape.channels as usize;
    affine(&total, vec![1.0 / call.inputs.len() as f32; channels], vec![0.0; channels], build)
}

/// Any number of operands, tensors first: `pair` joins two of them, `constant` is the operation with a value for each
/// channel. Nothing if there is no tensor.
fn fold(
    call: &Call,
    build: &mut Builder,
    pair: impl Fn(&Tensor, &Tensor, &mut Builder) -> Problem<Tensor>,
    constant: impl Fn(Vec<f32>) -> Problem<Op>,
) -> Option<Problem<Tensor>> {
    let values = || call.inputs.iter().flatten();
    let mut tensors = values().filter_map(Value::tensor);
    let first = tensors.next()?.clone();
    let joined = tensors.try_fold(first, |total, x| pair(&total, x, build));
    let mut constants = values().filter_map(|value| match value {
        Value::Constant(values) => Some(values),
        Value::Tensor(_) => None,
    });
    Some(joined.and_then(|total| {
        constants.try_fold(total, |total, values| with_constant(&total, values, build, &constant))
    }))
}

pub(super) fn sub(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    match operands(call)? {
        Operands::Tensors(x, y) => subtract(x, y, build),
        Operands::Constant { x, constant, first: false } => {
            with_constant(x, constant, build, |values| added(values.iter().map(|value| -value).collect()))
        }
        Operands::Constant { x, constant, first: true } => with_constant(x, constant, build, |shift| {
            Ok(Op::Affine { scale: vec![-1.0; shift.len()], shift })
        }),
    }
}

pub(super) fn mul(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    match operands(call)? {
        Operands::Tensors(x, y) => compose::product(x, y, build).unwrap_or_else(|| multiply(x, y, build)),
        Operands::Constant { x, constant, .. } => {
            with_constant(x, constant, build, |scale| Ok(scaled(scale)))
        }
    }
}

pub(super) fn div(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    match operands(call)? {
        Operands::Constant { x, constant, first: false } => with_constant(x, constant, build, |values| {
            let scale: Vec<f32> = values.iter().map(|value| 1.0 / value).collect();
            match scale.iter().all(|value| value.is_finite()) {
                true => Ok(scaled(scale)),
                false => Err("divides by zero".into()),
            }
        }),
        Operands::Constant { x, constant, first: true } => {
            let inverse = compose::apply(&Elementary::Reciprocal.into(), x, build)?;
            with_constant(&inverse, constant, build, |scale| Ok(scaled(scale)))
        }
        Operands::Tensors(x, y) => {
            compose::join(Step::Quotient, x, y, build).unwrap_or_else(|| Err(QUOTIENT.into()))
        }
    }
}

pub(super) fn neg(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let channels = build.graph[x.id].shape.channels as usize;
    affine(x, vec![-1.0; channels], vec![0.0; channels], build)
}

pub(super) fn max(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    extremum(call, build, Activation::at_least, |x, y, build| {
        let above = subtract(x, y, build)?;
        add_tensors(y, &relu(&above, build)?, build)
    })
}

pub(super) fn min(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    extremum(call, build, Activation::at_most, |x, y, build| {
        let above = subtract(y, x, build)?;
        subtract(y, &relu(&above, build)?, build)
    })
}

/// `pair` joins two tensors; constants are bounds.
fn extremum(
    call: &Call,
    build: &mut Builder,
    bounded: fn(f32) -> Result<Activation, ActivationError>,
    pair: fn(&Tensor, &Tensor, &mut Builder) -> Problem<Tensor>,
) -> Problem<Tensor> {
    fold(call, build, pair, |bounds| {
        let functions = bounds.into_iter().map(bounded).collect::<Result<_, _>>();
        Ok(Op::Activation(Functions::of_channels(functions.map_err(|error| error.to_string())?)))
    })
    .ok_or("compares nothing")?
}

fn relu(x: &Tensor, build: &mut Builder) -> Problem<Tensor> {
    build.push_as(Op::relu(), &[x], x.dims.clone())
}

enum Operands<'call> {
    Tensors(&'call Tensor, &'call Tensor),
    Constant {
        x: &'call Tensor,
        constant: &'call Constant,
        /// Whether the constant is the first operand.
        first: bool,
    },
}

fn operands<'call>(call: &'call Call) -> Problem<Operands<'call>> {
    match (call.input(0), call.input(1)) {
        (Some(Value::Tensor(x)), Some(Value::Tensor(y))) => Ok(Operands::Tensors(x, y)),
        (Some(Value::Tensor(x)), Some(Value::Constant(constant))) => {
            Ok(Operands::Constant { x, constant, first: false })
        }
        (Some(Value::Constant(constant)), Some(Value::Tensor(x))) => {
            Ok(Operands::Constant { x, constant, first: true })
        }
        _ => Err("needs two operands".into()),
    }
}

/// The sum with a value for each channel.
pub(super) fn added(shift: Vec<f32>) -> Problem<Op> {
    Ok(Op::Affine { scale: vec![1.0; shift.len()], shift })
}

/// The product with a value for each channel.
pub(super) fn scaled(scale: Vec<f32>) -> Op {
    let shift = vec![0.0; scale.len()];
    Op::Affine { scale, shift }
}

fn affine(x: &Tensor, scale: Vec<f32>, shift: Vec<f32>, build: &mut Builder) -> Problem<Tensor> {
    build.push_as(Op::Affine { scale, shift }, &[x], x.dims.clone())
}

fn subtract(x: &Tensor, y: &Tensor, build: &mut Builder) -> Problem<Tensor> {
    let channels = build.graph[y.id].shape.channels as usize;
    let minus = affine(y, vec![-1.0; channels], vec![0.0; channels], build)?;
    add_tensors(x, &minus, build)
}

pub(super) fn add_tensors(x: &Tensor, y: &Tensor, build: &mut Builder) -> Problem<Tensor> {
    let dims = common(x, y)?;
    let (x, y) = (build.broadcast(x, &dims)?, build.broadcast(y, &dims)?);
    build.push_as(Op::Add, &[&x, &y], dims)
}

/// The larger one is multiplied; the other one is repeated unless it has one element a channel.
fn multiply(x: &Tensor, y: &Tensor, build: &mut Builder) -> Problem<Tensor> {
    let dims = common(x, y)?;
    let (x, gate) = if x.dims == dims || y.dims != dims { (x, y) } else { (y, x) };
    let planes = x.channel_axis() + 1;
    let mut gates = dims.clone();
    if gate.dims.iter().skip(planes).all(|size| *size == 1) {
        gates.iter_mut().skip(planes).for_each(|size| *size = 1);
    }
    let (x, gate) = (build.broadcast(x, &dims)?, build.broadcast(gate, &gates)?);
    build.push_as(Op::Multiply, &[&x, &gate], dims)
}

/// The dimensions that two tensors have together.
fn common(x: &Tensor, y: &Tensor) -> Problem<Vec<usize>> {
    match x.dims.len() == y.dims.len() {
        true => Ok(x.dims.iter().zip(&y.dims).map(|(x, y)| *x.max(y)).collect()),
        false => Err(format!("combines tensors of dimensions {:?} and {:?}", x.dims, y.dims)),
    }
}

/// One value a channel of `x`, from a constant that is broadcast over `x` and does not change within a plane.
pub(super) fn per_channel(constant: &Constant, x: &Tensor) -> Problem<Vec<f32>> {
    let channel_axis = x.channel_axis();
    let values = constant.floats();
    let misfit =
        || format!("a constant of dimensions {:?} does not fit a tensor {:?}", constant.dims, x.dims);
    // More dimensions than the tensor has would be dimensions of the result.
    let missing = x.dims.len().checked_sub(constant.dims.len()).ok_or_else(misfit)?;
    let sizes = &constant.dims;
    let fits = |(size, of): (&usize, &usize)| *size == 1 || size == of;
    if !sizes.iter().zip(&x.dims[missing..]).all(fits) {
        return Err(misfit());
    }
    let after: usize = sizes.iter().skip((channel_axis + 1).saturating_sub(missing)).product();
    let channels = x.dims[channel_axis];
    let own = channel_axis.checked_sub(missing).map_or(1, |position| sizes[position]);
    let mut result = Vec::with_capacity(channels);
    for channel in 0..channels {
        let plane = &values[(channel % own) * after..][..after];
        let first = *plane.first().ok_or_else(misfit)?;
        if plane.iter().any(|value| *value != first) {
            return Err(format!(
                "a constant of dimensions {:?} changes within a plane, which is not supported",
                constant.dims
            ));
        }
        result.push(first);
    }
    Ok(result)
}
