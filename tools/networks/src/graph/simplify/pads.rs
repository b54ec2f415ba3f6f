//! Zero padding into the convolution or pooling that reads it.

use super::super::{Graph, NodeId, Op, Window};

/// Moves padding of rows and columns into each reader that can take it. Other readers keep the view.
pub(super) fn fold(graph: &mut Graph) {
    super::reread(graph, padded);
}

fn padded(graph: &Graph, id: NodeId) -> Option<(Op, NodeId)> {
    let node = &graph[id];
    let view = *node.inputs.first()?;
    let source = *graph[view].inputs.first()?;
    let extra = padding(graph, view, source)?;
    let op = match &node.op {
        Op::Conv { geometry, weights, bias } => {
            let mut geometry = *geometry;
            geometry.input = graph[source].shape;
            geometry.pads = sum(geometry.pads, extra)?;
            Op::Conv { geometry, weights: weights.clone(), bias: bias.clone() }
        }
        Op::AveragePool { window, count_include_pad } if *count_include_pad || window.pads == [0; 4] => {
            Op::AveragePool { window: widen(window, extra)?, count_include_pad: true }
        }
        // A zero never exceeds the largest of several values that are not negative.
        Op::MaxPool(window) if is_non_negative(&graph[source].op) => Op::MaxPool(widen(window, extra)?),
        _ => return None,
    };
    (op.output(&[graph[source].shape]).ok()? == node.shape).then_some((op, source))
}

fn is_non_negative(op: &Op) -> bool {
    matches!(op, Op::Activation(functions) if functions.is_non_negative())
}

/// The zero rows and columns (top, left, bottom, right) a view adds, if it does nothing else.
fn padding(graph: &Graph, view: NodeId, source: NodeId) -> Option<[u16; 4]> {
    let Op::View { channels, rows, columns } = &graph[view].op else { return None };
    let from = graph[source].shape;
    if !channels.is_identity(from.channels) {
        return None;
    }
    let ([top, bottom], [left, right]) = (rows.padding(from.height)?, columns.padding(from.width)?);
    let mut pads = [0; 4];
    for (pad, wanted) in pads.iter_mut().zip([top, left, bottom, right]) {
        *pad = u16::try_from(wanted).ok()?;
    }
    Some(pads)
}

fn widen(window: &Window, extra: [u16; 4]) -> Option<Window> {
    // With `ceil`, which window is the last depends on where the input ends.
    (!window.ceil).then_some(Window { pads: sum(window.pads, extra)?, ..*window })
}

fn sum(pads: [u16; 4], extra: [u16; 4]) -> Option<[u16; 4]> {
    let mut total = pads;
    for (pad, extra) in total.iter_mut().zip(extra) {
        *pad = pad.checked_add(extra)?;
    }
    Some(total)
}
