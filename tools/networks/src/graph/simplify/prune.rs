use super::super::{Graph, NodeId};

/// Removes the nodes the output does not need; the input stays.
pub(crate) fn prune(mut graph: Graph) -> Graph {
    let mut keep = graph.live();
    keep[graph.input.0] = true;
    let mut moved = vec![NodeId(0); graph.nodes.len()];
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    for (position, (mut node, keep)) in std::mem::take(&mut graph.nodes).into_iter().zip(keep).enumerate() {
        if keep {
            moved[position] = NodeId(nodes.len());
            node.inputs.iter_mut().for_each(|input| *input = moved[input.0]);
            nodes.push(node);
        }
    }
    Graph { nodes, input: moved[graph.input.0], output: moved[graph.output.0], ..graph }
}
