//! Functions that are not piecewise linear.

use super::build::{Builder, Tensor};
use super::call::Call;
use super::compose;
use super::error::Problem;
use crate::activation::{Activation, Elementary, Smooth};

/// Numbers of the standard.
const SELU: [f32; 2] = [1.673_263_2, 1.050_701];

/// Whether an operator is one of these.
pub(super) fn knows(name: &str) -> bool {
    elementary(name).is_some()
        || matches!(name, "Elu" | "Selu" | "Celu" | "Gelu" | "HardSwish" | "Mish" | "Pow" | "Swish")
}

/// What an operator that is known makes of its first input.
pub(super) fn import(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (function, x) = (function(call)?, call.tensor(0)?);
    let result = compose::apply(&function, x, build)?;
    if call.proto.op_type == "Pow" && call.constant(1)?.scalar()? == 2.0 {
        build.products.insert(result.id, [x.id; 2]);
    }
    Ok(result)
}

fn elementary(name: &str) -> Option<Elementary> {
    Some(match name {
        "Exp" => Elementary::Exp,
        "Log" => Elementary::Log,
        "Sqrt" => Elementary::Sqrt,
        "Reciprocal" => Elementary::Reciprocal,
        "Sigmoid" => Elementary::Sigmoid,
        "Tanh" => Elementary::Tanh,
        "Erf" => Elementary::Erf,
        "Softplus" => Elementary::Softplus,
        "Softsign" => Elementary::Softsign,
        _ => return None,
    })
}

fn function(call: &Call) -> Problem<Smooth> {
    let operator = call.proto.op_type.as_str();
    if let Some(function) = elementary(operator) {
        return Ok(function.into());
    }
    let alpha = call.float("alpha", 1.0);
    let function = match operator {
        "Elu" => Elementary::Elu { alpha }.into(),
        "Selu" => Smooth::selu(call.float("alpha", SELU[0]), call.float("gamma", SELU[1])),
        "Celu" if alpha > 0.0 => Smooth::celu(alpha),
        "Celu" => return Err(format!("attribute alpha = {alpha}: only a positive one is supported")),
        "Gelu" => match call.text("approximate", "none")? {
            "none" => Smooth::gelu(),
            "tanh" => Smooth::gelu_by_tanh(),
            other => return Err(format!("attribute approximate = {other:?} is not supported")),
        },
        "HardSwish" => {
            let gate = Activation::hard_sigmoid(1.0 / 6.0, 0.5).map_err(|error| error.to_string())?;
            Smooth::gated(gate)
        }
        "Mish" => Smooth::mish(),
        "Pow" => {
            let exponent = call.constant(1)?;
            Elementary::Power { exponent: exponent.scalar()? }.into()
        }
        _ => Smooth::silu(alpha),
    };
    let finite = function.of(0.5).is_finite();
    if finite { Ok(function) } else { Err("has an attribute that is not finite".into()) }
}
