//! Functions of one number: piecewise-linear ones as the operator of their name where there is one.

use super::writer::{Writer, float};
use super::{Export, smooth};
use crate::activation::{Activation, Function, Functions, Knot};
use crate::graph::NodeId;
use crate::graph::ops::Activate;

impl Export for Activate<'_> {
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, x: NodeId) {
        let name = writer.graph[id].name.clone();
        let channels = writer.graph[id].shape.channels as usize;
        let (input, flat) = writer.any(x);
        let value = match self.0.only() {
            Some(Function::Smooth(smooth)) => smooth::write(writer, name, input, smooth),
            _ if self.0.are_piecewise() => piecewise(writer, name, input, self.0, channels, flat),
            _ => smooth::masked(writer, name, input, self.0, dims(channels, flat)),
        };
        writer.set(id, value, flat);
    }
}

/// Dimensions of one number a channel.
fn dims(channels: usize, flat: bool) -> Vec<i64> {
    if flat { vec![channels as i64] } else { vec![channels as i64, 1, 1] }
}

/// Piecewise-linear functions of so many channels.
pub(super) fn piecewise(
    writer: &mut Writer,
    name: String,
    input: String,
    functions: &Functions,
    channels: usize,
    flat: bool,
) -> String {
    match functions.relu_bound() {
        Some(f32::INFINITY) => writer.node("Relu", name, vec![input], Vec::new()),
        Some(max) => clip(writer, name, input, [0.0, max]),
        None => other(writer, name, input, functions, channels, flat),
    }
}

fn clip(writer: &mut Writer, name: String, input: String, bounds: [f32; 2]) -> String {
    let [min, max] = [("min", bounds[0]), ("max", bounds[1])]
        .map(|(role, bound)| writer.floats(&name, role, Vec::new(), &[bound]));
    writer.node("Clip", name, vec![input, min, max], Vec::new())
}

fn other(
    writer: &mut Writer,
    name: String,
    input: String,
    functions: &Functions,
    channels: usize,
    flat: bool,
) -> String {
    let only = functions.only().map(Function::knotted);
    if let Some(slope) = only.and_then(leaky) {
        return writer.node("LeakyRelu", name, vec![input], vec![float("alpha", slope)]);
    }
    if let Some([alpha, beta]) = only.and_then(hard_sigmoid) {
        return writer.node(
            "HardSigmoid",
            name,
            vec![input],
            vec![float("alpha", alpha), float("beta", beta)],
        );
    }
    if let Some(bounds) = only.and_then(hard_tanh) {
        return clip(writer, name, input, bounds);
    }
    let slopes: Option<Vec<f32>> =
        (0..channels).map(|channel| leaky(functions.get(channel).knotted())).collect();
    if let Some(slopes) = slopes {
        let slopes = writer.floats(&name, "slope", dims(channels, flat), &slopes);
        return writer.node("PRelu", name, vec![input, slopes], Vec::new());
    }
    sum(writer, name, input, functions, channels, flat)
}

/// The slope of a LeakyReLU.
fn leaky(activation: &Activation) -> Option<f32> {
    match activation.knots() {
        [Knot { at: 0.0, slope }] if activation.offset() == 0.0 => {
            let below = activation.slope();
            (Activation::leaky(below).as_ref() == Ok(activation) && *slope == 1.0 - below).then_some(below)
        }
        _ => None,
    }
}

fn hard_tanh(activation: &Activation) -> Option<[f32; 2]> {
    let [low, high] = activation.bounds();
    (Activation::clip(low, high).as_ref() == Ok(activation)).then_some([low, high])
}

fn hard_sigmoid(activation: &Activation) -> Option<[f32; 2]> {
    let [low, _] = activation.knots() else { return None };
    let [alpha, beta] = [low.slope, -low.at * low.slope];
    (Activation::hard_sigmoid(alpha, beta).as_ref() == Ok(activation)).then_some([alpha, beta])
}

/// Any function: its line, and a ReLU for every knot.
fn sum(
    writer: &mut Writer,
    name: String,
    input: String,
    functions: &Functions,
    channels: usize,
    flat: bool,
) -> String {
    let dims = || dims(channels, flat);
    let of = |value: &dyn Fn(&Activation) -> f32| -> Vec<f32> {
        (0..channels).map(|channel| value(functions.get(channel).knotted())).collect()
    };
    let knots = functions.iter().map(|function| function.knotted().knots().len()).max().unwrap_or(0);
    let slope = writer.floats(&name, "slope", dims(), &of(&|function| function.slope()));
    let offset = writer.floats(&name, "offset", dims(), &of(&|function| function.offset()));
    let line = writer.node("Mul", format!("{name}/line"), vec![input.clone(), slope], Vec::new());
    let mut sum = writer.node("Add", format!("{name}/moved"), vec![line, offset], Vec::new());
    for knot in 0..knots {
        let part = |value: fn(&Knot) -> f32| of(&|function| function.knots().get(knot).map_or(0.0, value));
        let (at, slope) = (part(|knot| knot.at), part(|knot| knot.slope));
        let at = writer.floats(&name, &format!("at{knot}"), dims(), &at);
        let slope = writer.floats(&name, &format!("slope{knot}"), dims(), &slope);
        let moved = writer.node("Sub", format!("{name}/below{knot}"), vec![input.clone(), at], Vec::new());
        let above = writer.node("Relu", format!("{name}/above{knot}"), vec![moved], Vec::new());
        let above = writer.node("Mul", format!("{name}/times{knot}"), vec![above, slope], Vec::new());
        let last = if knot + 1 == knots { name.clone() } else { format!("{name}/sum{knot}") };
        sum = writer.node("Add", last, vec![sum, above], Vec::new());
    }
    sum
}
