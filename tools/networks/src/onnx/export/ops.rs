//! One node: its operator with its constants.

use brelu_core::geometry::{Conv2d, Shape};

use super::writer::{Writer, float, int, ints};
use super::{activation, is_flat, pool, view};
use crate::graph::{NodeId, Op};

/// Writes node `id`, which is not the input.
pub(super) fn node(writer: &mut Writer, id: NodeId) {
    let graph = writer.graph;
    let node = &graph[id];
    let Some(x) = node.inputs.first().copied() else { return };
    match &node.op {
        Op::Input => {}
        Op::Conv { geometry, weights, bias } if is_dense(geometry) => {
            dense(writer, id, x, geometry, weights, bias);
        }
        Op::Conv { geometry, weights, bias } => conv(writer, id, x, geometry, weights, bias),
        Op::BatchNorm { .. } => batch_norm(writer, id, x, &node.op),
        Op::Affine { scale, shift } => affine(writer, id, x, scale, shift),
        Op::Activation(functions) => activation::write(writer, id, x, functions),
        Op::Add => joined(writer, id, "Add"),
        Op::Concat => joined(writer, id, "Concat"),
        Op::MaxPool(window) => pool::max(writer, id, x, window),
        Op::AveragePool { window, count_include_pad } => {
            pool::average(writer, id, x, window, *count_include_pad);
        }
        Op::View { channels, rows, columns } => view::view(writer, id, x, [channels, rows, columns]),
        Op::Reshape(shape) => reshape(writer, id, x, *shape),
    }
}

/// Whether a convolution is a matrix product to other tools.
fn is_dense(geometry: &Conv2d) -> bool {
    is_flat(geometry.input) && geometry.kernel == [1; 2] && geometry.groups == 1 && geometry.pads == [0; 4]
}

fn dense(writer: &mut Writer, id: NodeId, x: NodeId, geometry: &Conv2d, weights: &[f32], bias: &[f32]) {
    let name = writer.graph[id].name.clone();
    let dims = vec![geometry.out_channels.into(), geometry.input.channels.into()];
    let mut inputs = vec![writer.flat(x), writer.floats(&name, "weight", dims, weights)];
    inputs.extend(some_bias(writer, &name, bias));
    let value = writer.node("Gemm", name, inputs, vec![int("transB", 1)]);
    writer.set(id, value, true);
}

fn conv(writer: &mut Writer, id: NodeId, x: NodeId, geometry: &Conv2d, weights: &[f32], bias: &[f32]) {
    let name = writer.graph[id].name.clone();
    let [rows, columns] = geometry.kernel.map(i64::from);
    let dims = vec![geometry.out_channels.into(), geometry.group_inputs() as i64, rows, columns];
    let mut inputs = vec![writer.planes(x), writer.floats(&name, "weight", dims, weights)];
    inputs.extend(some_bias(writer, &name, bias));
    let attributes = vec![
        ints("kernel_shape", geometry.kernel),
        ints("strides", geometry.stride),
        ints("dilations", geometry.dilation),
        ints("pads", geometry.pads),
        int("group", geometry.groups.into()),
    ];
    let value = writer.node("Conv", name, inputs, attributes);
    writer.set(id, value, false);
}

/// The bias, unless it is zero.
fn some_bias(writer: &mut Writer, name: &str, bias: &[f32]) -> Option<String> {
    let dims = vec![bias.len() as i64];
    bias.iter().any(|value| *value != 0.0).then(|| writer.floats(name, "bias", dims, bias))
}

fn batch_norm(writer: &mut Writer, id: NodeId, x: NodeId, op: &Op) {
    let Op::BatchNorm { scale, shift, mean, variance, epsilon } = op else { return };
    let name = writer.graph[id].name.clone();
    let (input, flat) = writer.any(x);
    let mut inputs = vec![input];
    for (role, values) in [("scale", scale), ("shift", shift), ("mean", mean), ("variance", variance)] {
        inputs.push(writer.floats(&name, role, vec![values.len() as i64], values));
    }
    // Nothing beside any variance that is not zero, and no zero.
    let epsilon = if *epsilon == 0.0 { f32::MIN_POSITIVE } else { *epsilon };
    let value = writer.node("BatchNormalization", name, inputs, vec![float("epsilon", epsilon)]);
    writer.set(id, value, flat);
}

fn affine(writer: &mut Writer, id: NodeId, x: NodeId, scale: &[f32], shift: &[f32]) {
    let name = writer.graph[id].name.clone();
    let (mut value, flat) = writer.any(x);
    let dims = |len: usize| if flat { vec![len as i64] } else { vec![len as i64, 1, 1] };
    let (scaled, shifted) = (scale.iter().any(|a| *a != 1.0), shift.iter().any(|b| *b != 0.0));
    if scaled || !shifted {
        let own = if shifted { writer.fresh(format!("{name}/scaled")) } else { name.clone() };
        let factors = writer.floats(&name, "scale", dims(scale.len()), scale);
        value = writer.node("Mul", own, vec![value, factors], Vec::new());
    }
    if shifted {
        let summands = writer.floats(&name, "shift", dims(shift.len()), shift);
        value = writer.node("Add", name, vec![value, summands], Vec::new());
    }
    writer.set(id, value, flat);
}

/// Add and Concat: without planes if all inputs are.
fn joined(writer: &mut Writer, id: NodeId, operator: &str) {
    let node = &writer.graph[id];
    let flat = node.inputs.iter().all(|input| writer.only_flat(*input));
    let inputs = node
        .inputs
        .iter()
        .map(|input| if flat { writer.flat(*input) } else { writer.planes(*input) })
        .collect();
    let attributes = if operator == "Concat" { vec![int("axis", 1)] } else { Vec::new() };
    let value = writer.node(operator, node.name.clone(), inputs, attributes);
    writer.set(id, value, flat);
}

fn reshape(writer: &mut Writer, id: NodeId, x: NodeId, shape: Shape) {
    let name = writer.graph[id].name.clone();
    let (input, _) = writer.any(x);
    if is_flat(shape) {
        let value = writer.node("Flatten", name, vec![input], vec![int("axis", 1)]);
        return writer.set(id, value, true);
    }
    let dims = [0, shape.channels.into(), shape.height.into(), shape.width.into()];
    let dims = writer.ints(&name, "shape", &dims);
    let value = writer.node("Reshape", name, vec![input, dims], Vec::new());
    writer.set(id, value, false);
}
