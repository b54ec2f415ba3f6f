//! Rewrites that leave what a graph computes unchanged. Each is a pass of its own; a pass rewrites one node at a time
//! and leaves nodes nobody reads to the last pass.

mod affine;
mod channels;
mod lower;
mod pads;
mod prune;
mod views;

pub(crate) use prune::prune;

use super::{Graph, GraphError, NodeId, Op};

/// Brings a graph into the compiler's form:
///
/// - no [`Op::BatchNorm`] and no [`Op::Affine`]: folded into the convolution before or after it where nothing else reads
///   the tensor between, else a depthwise 1x1 convolution;
/// - no view or reshape that changes nothing, consecutive views joined where they are one;
/// - no channels in reverse order before a convolution of all of them, whose weights are reordered;
/// - zero padding moved into the convolution or pooling that reads it;
/// - every node contributes to the output.
///
/// # Errors
/// If the graph is inconsistent.
pub fn simplify(mut graph: Graph) -> Result<Graph, GraphError> {
    graph.check()?;
    views::drop_identities(&mut graph);
    channels::fold(&mut graph);
    views::join(&mut graph);
    graph.fix_norms();
    affine::fold(&mut graph);
    channels::fold(&mut graph);
    pads::fold(&mut graph);
    lower::affine_to_conv(&mut graph);
    let graph = prune(graph);
    graph.check()?;
    Ok(graph)
}

/// Makes every reader of `from` read `to` instead, the output included.
fn redirect(graph: &mut Graph, from: NodeId, to: NodeId) {
    for input in graph.nodes.iter_mut().flat_map(|node| &mut node.inputs) {
        if *input == from {
            *input = to;
        }
    }
    if graph.output == from {
        graph.output = to;
    }
}

/// Gives every node for which `replaced` has one another operation, which reads one other node.
fn reread(graph: &mut Graph, replaced: impl Fn(&Graph, NodeId) -> Option<(Op, NodeId)>) {
    for position in 0..graph.nodes.len() {
        if let Some((op, source)) = replaced(graph, NodeId(position)) {
            let node = &mut graph.nodes[position];
            (node.op, node.inputs) = (op, vec![source]);
        }
    }
}

#[cfg(test)]
mod tests;
