//! Pooling. Windows that stick out of the map become pads where that is the same: runtimes differ in the rest.

use super::super::proto::AttributeProto;
use super::writer::{Writer, int, ints};
use crate::graph::{NodeId, Window};

pub(super) fn max(writer: &mut Writer, id: NodeId, x: NodeId, window: &Window) {
    // A runtime may refuse pads as large as the kernel, which only kernels with gaps can have.
    let small = |window: &Window| (0..4).all(|side| window.pads[side] < window.kernel[side % 2]);
    let floor = window.without_ceil(writer.graph[x].shape);
    let window = floor.filter(|floor| small(floor) || !small(window)).unwrap_or(*window);
    let mut attributes = attributes(&window);
    attributes.push(ints("dilations", window.dilation));
    push(writer, id, x, "MaxPool", attributes);
}

pub(super) fn average(writer: &mut Writer, id: NodeId, x: NodeId, window: &Window, counts_pads: bool) {
    if is_global(writer, id, x, window) {
        return push(writer, id, x, "GlobalAveragePool", Vec::new());
    }
    let floor = window.without_ceil(writer.graph[x].shape);
    let window = floor.filter(|floor| !counts_pads || floor.pads == window.pads).unwrap_or(*window);
    let mut attributes = attributes(&window);
    if counts_pads {
        attributes.push(int("count_include_pad", 1));
    }
    if window.dilation != [1; 2] {
        attributes.push(ints("dilations", window.dilation));
        writer.needs_opset(19);
    }
    push(writer, id, x, "AveragePool", attributes);
}

fn is_global(writer: &Writer, id: NodeId, x: NodeId, window: &Window) -> bool {
    let (from, to) = (writer.graph[x].shape, writer.graph[id].shape);
    let whole = window.kernel.map(u32::from) == [from.height, from.width];
    whole && window.dilation == [1; 2] && window.pads == [0; 4] && to.plane() == 1
}

fn attributes(window: &Window) -> Vec<AttributeProto> {
    let mut attributes =
        vec![ints("kernel_shape", window.kernel), ints("strides", window.stride), ints("pads", window.pads)];
    if window.ceil {
        attributes.push(int("ceil_mode", 1));
    }
    attributes
}

fn push(writer: &mut Writer, id: NodeId, x: NodeId, operator: &str, attributes: Vec<AttributeProto>) {
    let input = writer.planes(x);
    let value = writer.node(operator, writer.graph[id].name.clone(), vec![input], attributes);
    writer.set(id, value, false);
}
