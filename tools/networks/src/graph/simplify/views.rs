//! Views and reshapes that change nothing, and views of views.

use super::super::{Graph, NodeId, Op};
use super::redirect;
use brelu_core::geometry::Shape;

/// Takes out views and reshapes that return their input.
pub(super) fn drop_identities(graph: &mut Graph) {
    for position in 0..graph.nodes.len() {
        let node = &graph.nodes[position];
        let Some(input) = node.inputs.first().copied() else { continue };
        let shapes: Vec<Shape> = node.inputs.iter().map(|input| graph[*input].shape).collect();
        if node.op.operator().is_identity(&shapes) {
            redirect(graph, NodeId(position), input);
        }
    }
}

/// Lets a view of a view read the first view's input, where nothing else reads the first.
pub(super) fn join(graph: &mut Graph) {
    super::reread(graph, joined);
}

fn joined(graph: &Graph, id: NodeId) -> Option<(Op, NodeId)> {
    let Op::View { channels, rows, columns } = &graph[id].op else { return None };
    let first = *graph[id].inputs.first()?;
    let Op::View { channels: first_channels, rows: first_rows, columns: first_columns } = &graph[first].op
    else {
        return None;
    };
    if graph.uses()[first.0] != 1 {
        return None;
    }
    let source = *graph[first].inputs.first()?;
    let from = graph[source].shape;
    let op = Op::View {
        channels: channels.after(first_channels, from.channels)?,
        rows: rows.after(first_rows, from.height)?,
        columns: columns.after(first_columns, from.width)?,
    };
    Some((op, source))
}
