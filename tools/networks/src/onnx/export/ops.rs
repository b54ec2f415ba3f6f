//! Operations as one operator, or as few.

use brelu_core::geometry::Conv2d;

use super::super::proto::AttributeProto;
use super::writer::{Writer, float, int, ints};
use super::{Export, is_flat};
use crate::graph::NodeId;
use crate::graph::ops::{Add, Affine, BatchNorm, Concat, Conv, Input, Multiply, Permute, Reshape};

/// The file has it already.
impl Export for Input {
    fn export(&self, _: &mut Writer<'_>, _: NodeId, _: NodeId) {}
}

impl Export for Conv<'_> {
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, x: NodeId) {
        let Conv { geometry, weights, bias } = self;
        let (name, dense) = (writer.graph[id].name.clone(), is_dense(geometry));
        let input = if dense { writer.flat(x) } else { writer.planes(x) };
        let mut dims: Vec<i64> = vec![geometry.out_channels.into(), geometry.group_inputs().into()];
        if !dense {
            dims.extend(geometry.kernel.map(i64::from));
        }
        let mut inputs = vec![input, writer.floats(&name, "weight", dims, weights)];
        if bias.iter().any(|value| *value != 0.0) {
            inputs.push(writer.floats(&name, "bias", vec![bias.len() as i64], bias));
        }
        let value = match dense {
            true => writer.node("Gemm", name, inputs, vec![int("transB", 1)]),
            false => writer.node("Conv", name, inputs, attributes(geometry)),
        };
        writer.set(id, value, dense);
    }
}

/// Whether a convolution is a matrix product to other tools.
fn is_dense(geometry: &Conv2d) -> bool {
    is_flat(geometry.input) && geometry.kernel == [1; 2] && geometry.groups == 1 && geometry.pads == [0; 4]
}

fn attributes(geometry: &Conv2d) -> Vec<AttributeProto> {
    vec![
        ints("kernel_shape", geometry.kernel),
        ints("strides", geometry.stride),
        ints("dilations", geometry.dilation),
        ints("pads", geometry.pads),
        int("group", geometry.groups.into()),
    ]
}

impl Export for BatchNorm<'_> {
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, x: NodeId) {
        let Self { scale, shift, mean, variance, epsilon } = *self;
        let name = writer.graph[id].name.clone();
        let (input, flat) = writer.any(x);
        let mut inputs = vec![input];
        for (role, values) in [("scale", scale), ("shift", shift), ("mean", mean), ("variance", variance)] {
            inputs.push(writer.floats(&name, role, vec![values.len() as i64], values));
        }
        // Nothing beside any variance that is not zero, and no zero.
        let epsilon = if epsilon == 0.0 { f32::MIN_POSITIVE } else { epsilon };
        let value = writer.node("BatchNormalization", name, inputs, vec![float("epsilon", epsilon)]);
        writer.set(id, value, flat);
    }
}

impl Export for Affine<'_> {
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, x: NodeId) {
        let Self { scale, shift } = *self;
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
}

impl Export for Add {
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, _: NodeId) {
        joined(writer, id, "Add", Vec::new());
    }
}

impl Export for Multiply {
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, _: NodeId) {
        joined(writer, id, "Mul", Vec::new());
    }
}

impl Export for Concat {
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, _: NodeId) {
        joined(writer, id, "Concat", vec![int("axis", 1)]);
    }
}

/// Without planes if all inputs are.
fn joined(writer: &mut Writer<'_>, id: NodeId, operator: &str, attributes: Vec<AttributeProto>) {
    let node = &writer.graph[id];
    let flat = node.inputs.iter().all(|input| writer.only_flat(*input));
    let inputs = node
        .inputs
        .iter()
        .map(|input| if flat { writer.flat(*input) } else { writer.planes(*input) })
        .collect();
    let value = writer.node(operator, node.name.clone(), inputs, attributes);
    writer.set(id, value, flat);
}

impl Export for Reshape {
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, x: NodeId) {
        let (input, _) = writer.any(x);
        reshaped(writer, id, input);
    }
}

/// The elements of `input` under the shape of node `id`, under its name.
fn reshaped(writer: &mut Writer<'_>, id: NodeId, input: String) {
    let (name, to) = (writer.graph[id].name.clone(), writer.graph[id].shape);
    if is_flat(to) {
        let value = writer.node("Flatten", name, vec![input], vec![int("axis", 1)]);
        return writer.set(id, value, true);
    }
    let dims = [0, to.channels.into(), to.height.into(), to.width.into()];
    let dims = writer.ints(&name, "shape", &dims);
    let value = writer.node("Reshape", name, vec![input, dims], Vec::new());
    writer.set(id, value, false);
}

/// Behind the batch, which stays in front.
impl Export for Permute<'_> {
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, x: NodeId) {
        let name = writer.graph[id].name.clone();
        let (input, _) = writer.any(x);
        let (sizes, order) = (self.permutation.dims(), self.permutation.order());
        let mut dims: Vec<i64> =
            std::iter::once(0).chain(sizes.iter().map(|size| i64::from(*size))).collect();
        let mut perm: Vec<i64> =
            std::iter::once(0).chain(order.iter().map(|axis| i64::from(*axis) + 1)).collect();
        if sizes.len() == 3 {
            // With four dimensions it could be taken for a change of layout, and layers behind it for such of the other.
            dims.push(1);
            perm.push(4);
        }
        let axes = writer.fresh(format!("{name}/axes"));
        let dims = writer.ints(&axes, "shape", &dims);
        let axes = writer.node("Reshape", axes, vec![input, dims], Vec::new());
        let permuted = writer.fresh(format!("{name}/permuted"));
        let perm = AttributeProto { name: "perm".into(), ints: perm, r#type: 7, ..Default::default() };
        let permuted = writer.node("Transpose", permuted, vec![axes], vec![perm]);
        reshaped(writer, id, permuted);
    }
}
