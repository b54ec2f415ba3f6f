//! Pooling. Windows that stick out of the map become pads where that is the same: runtimes differ in the rest.

use super::super::proto::AttributeProto;
use super::Export;
use super::writer::{Writer, int, ints};
use crate::graph::ops::Pool;
use crate::graph::{NodeId, Window};

impl Export for Pool<'_> {
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, x: NodeId) {
        match self.mean {
            None => max(writer, id, x, self.window),
            Some(counts_pads) => average(writer, id, x, self.window, counts_pads),
        }
    }
}

fn max(writer: &mut Writer, id: NodeId, x: NodeId, window: &Window) {
    let from = writer.graph[x].shape;
    let window =
        window.without_ceil(from).filter(|floor| is_small(floor) || !is_small(window)).unwrap_or(*window);
    let mut attributes = attributes(&window);
    attributes.push(ints("dilations", window.dilation));
    let input = writer.planes(x);
    push(writer, id, input, "MaxPool", attributes);
}

fn average(writer: &mut Writer, id: NodeId, x: NodeId, window: &Window, counts_pads: bool) {
    let (from, mut input) = (writer.graph[x].shape, writer.planes(x));
    if is_global(writer, id, x, window) {
        return push(writer, id, input, "GlobalAveragePool", Vec::new());
    }
    let (mut window, mut counts_pads) = (*window, counts_pads);
    let floor = window.without_ceil(from).unwrap_or(window);
    let beyond = [0, 1, 2, 3].map(|side| floor.pads[side] - window.pads[side]);
    let inside = Window { pads: beyond, ..floor };
    if counts_pads && (beyond != [0; 4] || !is_small(&window)) && is_small(&inside) {
        // Pads that count become part of the map, and what is beyond them does not count.
        if window.pads != [0; 4] {
            input = padded(writer, id, input, window.pads);
        }
        (window, counts_pads) = (inside, false);
    } else if is_small(&floor) && (!counts_pads || beyond == [0; 4]) {
        window = floor;
    }
    let mut attributes = attributes(&window);
    if counts_pads {
        attributes.push(int("count_include_pad", 1));
    }
    if window.dilation != [1; 2] {
        attributes.push(ints("dilations", window.dilation));
        writer.needs_opset(19);
    }
    push(writer, id, input, "AveragePool", attributes);
}

/// Whether all pads are smaller than the kernel, as runtimes want them; only those of kernels with gaps can be larger.
fn is_small(window: &Window) -> bool {
    (0..4).all(|side| window.pads[side] < window.kernel[side % 2])
}

/// The map with zeros around it.
fn padded(writer: &mut Writer, id: NodeId, input: String, pads: [u16; 4]) -> String {
    let name = writer.fresh(format!("{}/padded", writer.graph[id].name));
    let [top, left, bottom, right] = pads.map(i64::from);
    let pads = writer.ints(&name, "pads", &[0, 0, top, left, 0, 0, bottom, right]);
    writer.node("Pad", name, vec![input, pads], Vec::new())
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

fn push(writer: &mut Writer, id: NodeId, input: String, operator: &str, attributes: Vec<AttributeProto>) {
    let value = writer.node(operator, writer.graph[id].name.clone(), vec![input], attributes);
    writer.set(id, value, false);
}
