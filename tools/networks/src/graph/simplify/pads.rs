//! Zero padding into the convolution or pooling that reads it.

use super::super::{Graph, NodeId, Op};
use crate::activation::Functions;

/// Moves padding of rows and columns into each reader that can take it. Other readers keep the view.
pub(super) fn fold(graph: &mut Graph) {
    super::reread(graph, padded);
}

fn padded(graph: &Graph, id: NodeId) -> Option<(Op, NodeId)> {
    let node = &graph[id];
    let view = *node.inputs.first()?;
    let source = *graph[view].inputs.first()?;
    let extra = padding(graph, view, source)?;
    let non_negative = graph[source].op.functions().is_some_and(Functions::is_non_negative);
    let op = node.op.operator().after_padding(graph[source].shape, extra, non_negative)?;
    (op.output(&[graph[source].shape]).ok()? == node.shape).then_some((op, source))
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
