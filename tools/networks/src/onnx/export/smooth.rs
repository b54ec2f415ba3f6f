//! Functions that are not piecewise linear, as one operator a step.

use super::activation::piecewise;
use super::writer::{Writer, float};
use crate::activation::{Elementary, Function, Functions, Operand, Smooth, Step};

/// The function of all channels; the last operator has the name.
pub(super) fn write(writer: &mut Writer, name: String, input: String, smooth: &Smooth) -> String {
    let mut values: Vec<String> = Vec::new();
    for (at, next) in smooth.steps().iter().enumerate() {
        let is_last = at + 1 == smooth.steps().len();
        let own = if is_last { name.clone() } else { writer.fresh(format!("{name}/{at}")) };
        let value = step(writer, own, next, |operand| {
            operand.step().and_then(|step| values.get(step)).unwrap_or(&input).clone()
        });
        values.push(value);
    }
    values.pop().unwrap_or(input)
}

fn step(writer: &mut Writer, name: String, step: &Step, of: impl Fn(Operand) -> String) -> String {
    let mut both = |operator: &str, left: &Operand, right: &Operand, name: String| {
        writer.node(operator, name, vec![of(*left), of(*right)], Vec::new())
    };
    match step {
        Step::Sum(left, right) => both("Add", left, right, name),
        Step::Product(left, right) => both("Mul", left, right, name),
        Step::Quotient(left, right) => both("Div", left, right, name),
        Step::Elementary(function, x) => elementary(writer, name, of(*x), *function),
        Step::Piecewise(activation, x) => {
            piecewise(writer, name, of(*x), &activation.clone().into(), 1, true)
        }
        Step::Affine { scale, shift, of: x } => affine(writer, name, of(*x), [*scale, *shift]),
    }
}

fn elementary(writer: &mut Writer, name: String, x: String, function: Elementary) -> String {
    let (operator, attributes) = match function {
        Elementary::Exp => ("Exp", Vec::new()),
        Elementary::Log => ("Log", Vec::new()),
        Elementary::Sqrt => ("Sqrt", Vec::new()),
        Elementary::Reciprocal => ("Reciprocal", Vec::new()),
        Elementary::Sigmoid => ("Sigmoid", Vec::new()),
        Elementary::Tanh => ("Tanh", Vec::new()),
        Elementary::Erf => ("Erf", Vec::new()),
        Elementary::Softplus => ("Softplus", Vec::new()),
        Elementary::Softsign => ("Softsign", Vec::new()),
        Elementary::Elu { alpha } => ("Elu", vec![float("alpha", alpha)]),
        Elementary::Power { exponent } => {
            let exponent = writer.floats(&name, "exponent", Vec::new(), &[exponent]);
            return writer.node("Pow", name, vec![x, exponent], Vec::new());
        }
    };
    writer.node(operator, name, vec![x], attributes)
}

fn affine(writer: &mut Writer, name: String, x: String, [scale, shift]: [f32; 2]) -> String {
    let scaled = |writer: &mut Writer, name: String| {
        let scale = writer.floats(&name, "scale", Vec::new(), &[scale]);
        writer.node("Mul", name, vec![x.clone(), scale], Vec::new())
    };
    if shift == 0.0 {
        return scaled(writer, name);
    }
    let before = match scale {
        1.0 => x.clone(),
        _ => {
            let own = writer.fresh(format!("{name}/scaled"));
            scaled(writer, own)
        }
    };
    let shift = writer.floats(&name, "shift", Vec::new(), &[shift]);
    writer.node("Add", name, vec![before, shift], Vec::new())
}

/// Channels of several functions: the sum of all functions, each times 1 in its own channels and 0 elsewhere.
pub(super) fn masked(
    writer: &mut Writer,
    name: String,
    input: String,
    functions: &Functions,
    dims: Vec<i64>,
) -> String {
    let mut different: Vec<&Function> = Vec::new();
    functions.iter().for_each(|function| {
        if !different.contains(&function) {
            different.push(function);
        }
    });
    let mut sum: Option<String> = None;
    for (at, function) in different.iter().enumerate() {
        let own = writer.fresh(format!("{name}/function{at}"));
        let value = match function {
            Function::Smooth(smooth) => write(writer, own, input.clone(), smooth),
            Function::Piecewise(activation) => {
                piecewise(writer, own, input.clone(), &activation.clone().into(), 1, true)
            }
        };
        let mask: Vec<f32> = functions.iter().map(|other| f32::from(u8::from(other == *function))).collect();
        let masked = writer.fresh(format!("{name}/masked{at}"));
        let mask = writer.floats(&masked, "mask", dims.clone(), &mask);
        let masked = writer.node("Mul", masked, vec![value, mask], Vec::new());
        sum = Some(match sum {
            None => masked,
            Some(before) => {
                let is_last = at + 1 == different.len();
                let own = if is_last { name.clone() } else { writer.fresh(format!("{name}/sum{at}")) };
                writer.node("Add", own, vec![before, masked], Vec::new())
            }
        });
    }
    sum.unwrap_or(input)
}
