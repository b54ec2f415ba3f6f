use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use crate::interpreter::{Blocks, Decisions, Norms, Relaxed, Trainable, Watched};
use brelu_networks::graph::{Graph, GraphError, NodeId};

/// A network whose outputs are imitated: it has one decision a pixel and does not change.
#[derive(Clone, Debug)]
pub struct Teacher {
    network: Trainable,
    parameters: Vec<Tensor<1>>,
    running: Vec<[Tensor<1>; 2]>,
    blocks: Blocks,
}

/// What a network makes of a batch.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The outputs.
    pub(super) logits: Tensor<4>,
    /// The outputs of its stages, or of none.
    pub(super) stages: Vec<Tensor<4>>,
}

impl Teacher {
    /// The network as it is, on `device`.
    ///
    /// # Errors
    /// If the graph is inconsistent.
    pub fn new(graph: &Graph, device: &Device) -> Result<Self, GraphError> {
        let network = Trainable::new(graph, device)?;
        let (parameters, running) = (network.parameters(graph), network.running(graph));
        Ok(Self { network, parameters, running, blocks: Blocks::default() })
    }

    /// What it makes of a batch, without gradients; its stages if `hints`.
    pub(super) fn look(&self, input: Tensor<4>, hints: bool) -> Seen {
        let relaxed = Relaxed { blocks: &self.blocks, decisions: Decisions::Constant, fixed: None };
        let nodes = if hints { stages(self.network.graph()) } else { Vec::new() };
        let watched = Watched::new(&relaxed, &nodes);
        let norms = Norms::Running(&self.running);
        let logits = self.network.run(&self.parameters, norms, input, &watched).output;
        Seen { logits, stages: watched.seen() }
    }
}

/// The last activation of every resolution, in the order of the graph.
pub(super) fn stages(graph: &Graph) -> Vec<NodeId> {
    let activations = graph.iter().filter(|(_, node)| node.op.is_activation());
    let last: BTreeMap<(u32, u32), NodeId> =
        activations.map(|(id, node)| ((node.shape.height, node.shape.width), id)).collect();
    let mut nodes: Vec<NodeId> = last.into_values().collect();
    nodes.sort_unstable_by_key(|node| node.0);
    nodes
}

#[cfg(test)]
mod tests {
    use brelu_core::geometry::Shape;

    use super::*;
    use brelu_networks::graph::{Op, Window};

    #[test]
    fn the_last_activation_of_every_resolution() {
        let mut graph = Graph::new("g", "x", Shape::new(2, 8, 8)).unwrap();
        let mut halves = Window::new([2, 2]);
        halves.stride = [2, 2];
        for op in [Op::relu(), Op::relu(), Op::MaxPool(halves), Op::relu(), Op::MaxPool(halves)] {
            graph.push(format!("{}", graph.nodes.len()), op, &[graph.output]).unwrap();
        }
        assert_eq!(stages(&graph), [NodeId(2), NodeId(4)]);
    }
}
