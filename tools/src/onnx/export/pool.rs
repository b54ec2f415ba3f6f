//! Pooling. Windows that stick out of the map become pads where that is the same: runtimes differ in the rest.

use brelu_core::geometry::Shape;

use super::super::proto::AttributeProto;
use super::super::spatial::Spatial;
use super::writer::{Writer, int, ints, text};
use crate::graph::{NodeId, Window};

pub(super) fn max(writer: &mut Writer, id: NodeId, x: NodeId, window: &Window) {
    let from = writer.graph[x].shape;
    let window =
        window.without_ceil(from).filter(|floor| is_small(floor) || !is_small(window)).unwrap_or(*window);
    let mut attributes = attributes(&window, from);
    attributes.push(ints("dilations", window.dilation));
    let input = writer.planes(x);
    push(writer, id, input, "MaxPool", attributes);
}

pub(super) fn average(writer: &mut Writer, id: NodeId, x: NodeId, window: &Window, counts_pads: bool) {
    let (mut from, mut input) = (writer.graph[x].shape, writer.planes(x));
    if is_global(writer, id, x, window) {
        return push(writer, id, input, "GlobalAveragePool", Vec::new());
    }
    let (mut window, mut counts_pads) = (*window, counts_pads);
    match window.without_ceil(from) {
        Some(floor) if counts_pads && (floor.pads != window.pads || !is_small(&window)) => {
            // Pads that count become part of the map, and what is beyond them does not count.
            if window.pads != [0; 4] {
                input = padded(writer, id, input, window.pads);
            }
            let sides = [0, 1].map(|axis| u32::from(window.pads[axis]) + u32::from(window.pads[axis + 2]));
            (from.height, from.width) = (from.height + sides[0], from.width + sides[1]);
            let beyond = [0, 1, 2, 3].map(|side| floor.pads[side] - window.pads[side]);
            (window, counts_pads) = (Window { pads: beyond, ..floor }, false);
        }
        Some(floor) if is_small(&floor) || !is_small(&window) => window = floor,
        _ => {}
    }
    let mut attributes = attributes(&window, from);
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

fn attributes(window: &Window, from: Shape) -> Vec<AttributeProto> {
    let mut attributes = vec![ints("kernel_shape", window.kernel), ints("strides", window.stride)];
    // Pads as large as the kernel are accepted under the name of their rule, from which they come.
    let Window { kernel, stride, dilation, pads, .. } = *window;
    let spatial = Spatial { kernel, stride, dilation, pads };
    let rules = [("SAME_UPPER", false), ("SAME_LOWER", true)];
    let rule = rules.iter().find(|(_, lower)| spatial.same(from, *lower) == Ok(pads));
    match rule.filter(|_| !is_small(window) && !window.ceil) {
        Some((name, _)) => attributes.push(text("auto_pad", name)),
        None => attributes.push(ints("pads", window.pads)),
    }
    if window.ceil {
        attributes.push(int("ceil_mode", 1));
    }
    attributes
}

fn push(writer: &mut Writer, id: NodeId, input: String, operator: &str, attributes: Vec<AttributeProto>) {
    let value = writer.node(operator, writer.graph[id].name.clone(), vec![input], attributes);
    writer.set(id, value, false);
}
