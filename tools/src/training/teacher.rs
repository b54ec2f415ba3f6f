use burn::tensor::{Device, Tensor};

use crate::graph::{Graph, GraphError};
use crate::interpreter::{Blocks, Decisions, Norms, Relaxed, Trainable};

/// A network whose outputs are imitated: it has one decision a pixel and does not change.
#[derive(Clone, Debug)]
pub struct Teacher {
    network: Trainable,
    parameters: Vec<Tensor<1>>,
    running: Vec<[Tensor<1>; 2]>,
    blocks: Blocks,
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

    /// The outputs for a batch, without gradients.
    pub(super) fn logits(&self, input: Tensor<4>) -> Tensor<4> {
        let relaxed = Relaxed { blocks: &self.blocks, decisions: Decisions::Constant, fixed: None };
        self.network.run(&self.parameters, Norms::Running(&self.running), input, &relaxed).output
    }
}
