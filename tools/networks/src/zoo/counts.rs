//! Sizes of a network as papers state them.

use std::collections::BTreeSet;

use crate::graph::{Graph, NodeId, Op};

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
        let parameters = |(id, op): (NodeId, &Op)| match op {
            Op::Conv { weights, .. } if normalised.contains(&id) => weights.len(),
            Op::Conv { weights, bias, .. } => weights.len() + bias.len(),
            Op::BatchNorm { scale, shift, .. } | Op::Affine { scale, shift } => scale.len() + shift.len(),
            _ => 0,
        };
        Self {
            layers: activations.clone().count(),
            channels: activations.clone().map(|node| u64::from(node.shape.channels)).sum(),
            relus: activations.map(|node| node.shape.len() as u64).sum(),
            parameters: graph.iter().map(|(id, node)| parameters((id, &node.op)) as u64).sum(),
        }
    }
}

/// What batch normalisation reads: a bias there would change nothing.
pub(super) fn normalised(graph: &Graph) -> BTreeSet<NodeId> {
    let norms = graph.nodes.iter().filter(|node| matches!(node.op, Op::BatchNorm { .. }));
    norms.flat_map(|node| node.inputs.iter().copied()).collect()
}
