//! Sizes of a network as papers state them.

use std::collections::BTreeSet;

use crate::graph::{Graph, Node, NodeId, Role};

/// Sizes of a network as papers state them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Activations: nodes that are ReLU or bounded ReLU.
    pub layers: usize,
    /// Channels of the activations.
    pub channels: u64,
    /// Pixels of the activations, that is, sign decisions with one decision a pixel (a bounded ReLU counted once).
    pub relus: u64,
    /// Trained parameters: weights of convolutions, their biases unless batch normalisation follows, scales and shifts.
    pub parameters: u64,
}

impl Counts {
    /// Of a network with its batch normalisation.
    pub fn of(graph: &Graph) -> Self {
        let activations = graph.nodes.iter().filter(|node| node.op.is_activation());
        let normalised = normalised(graph);
        let parameters = |(id, node): (NodeId, &Node)| {
            let unused = |role| role == Role::Bias && normalised.contains(&id);
            let learned =
                node.op.parameters().into_iter().filter(|(role, _)| role.is_learned() && !unused(*role));
            learned.map(|(_, values)| values.len() as u64).sum::<u64>()
        };
        Self {
            layers: activations.clone().count(),
            channels: activations.clone().map(|node| u64::from(node.shape.channels)).sum(),
            relus: activations.map(|node| node.shape.len() as u64).sum(),
            parameters: graph.iter().map(parameters).sum(),
        }
    }
}

/// What batch normalisation reads: a bias there would change nothing.
pub(super) fn normalised(graph: &Graph) -> BTreeSet<NodeId> {
    let norms = graph.nodes.iter().filter(|node| node.op.is_norm());
    norms.flat_map(|node| node.inputs.iter().copied()).collect()
}
