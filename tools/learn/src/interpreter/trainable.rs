//! A graph whose parameters are given at every run, so that they can be learned.

use burn::tensor::{Device, Tensor, TensorData};

use super::Activation;
use super::compute::Given;
use super::layer::Layer;
use super::slots::{Slot, Slots};
use brelu_networks::graph::{Graph, GraphError, NodeId, Op, Role};

/// Which mean and variance norms use.
#[derive(Clone, Copy, Debug)]
pub enum Norms<'a> {
    /// Those of the batch.
    Batch,
    /// These means and variances, of the norms in order.
    Running(&'a [[Tensor<1>; 2]]),
}

/// Mean and biased variance of every channel of a batch, before a norm.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Means, without gradients.
    pub mean: Tensor<1>,
    /// Variances, without gradients.
    pub variance: Tensor<1>,
    /// Values of a channel in the batch.
    pub count: usize,
}

/// What a batch gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The output: images x channels x height x width.
    pub output: Tensor<4>,
    /// With [`Norms::Batch`], the statistics of the norms in order.
    pub statistics: Vec<Statistics>,
}

/// A graph and where its parameters go.
#[derive(Clone, Debug)]
pub struct Trainable {
    pub(super) graph: Graph,
    pub(super) layers: Vec<Layer>,
    slots: Vec<Slot>,
    pub(super) device: Device,
    /// Whether burn's operations do everything.
    pub(super) general: bool,
}

impl Trainable {
    /// Checks the graph. A convolution that only a norm reads and whose bias is zero keeps it: the norm has one.
    ///
    /// # Errors
    /// If the graph is inconsistent.
    pub fn new(graph: &Graph, device: &Device) -> Result<Self, GraphError> {
        graph.check()?;
        Ok(Self::of(graph.clone(), device))
    }

    /// Of a graph that was checked.
    pub(super) fn of(graph: Graph, device: &Device) -> Self {
        let mut slots = Slots::default();
        let readers = graph.consumers();
        let layer = |(id, _): (NodeId, _)| Layer::new(&graph, id, &readers[id.0], &mut slots, device);
        let layers = graph.iter().map(layer).collect();
        Self { graph, layers, slots: slots.all, device: device.clone(), general: false }
    }

    /// Computes everything with burn's operations, to compare with.
    pub fn general(self) -> Self {
        Self { general: true, ..self }
    }

    /// The graph as it was given.
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Where it is computed.
    pub const fn device(&self) -> &Device {
        &self.device
    }

    /// What the parameters are, in order.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The parameters of a graph of the same structure.
    pub fn parameters(&self, graph: &Graph) -> Vec<Tensor<1>> {
        let of = |slot: &Slot| graph.nodes.get(slot.node.0).and_then(|node| node.op.parameter(slot.role));
        self.slots.iter().map(|slot| self.tensor(of(slot).unwrap_or_default())).collect()
    }

    /// Running means and variances of the norms of a graph of the same structure.
    pub fn running(&self, graph: &Graph) -> Vec<[Tensor<1>; 2]> {
        let of = |op: &Op, role| op.parameter(role).map(|values| self.tensor(values));
        let statistics = |op: &Op| Some([of(op, Role::Mean)?, of(op, Role::Variance)?]);
        graph.nodes.iter().filter_map(|node| statistics(&node.op)).collect()
    }

    pub(super) fn tensor(&self, values: &[f32]) -> Tensor<1> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &self.device)
    }

    /// The graph with these parameters and running statistics; names and everything else stay.
    pub fn graph_with(&self, parameters: &[Tensor<1>], running: &[[Tensor<1>; 2]]) -> Graph {
        let mut graph = self.graph.clone();
        for (slot, tensor) in self.slots.iter().zip(parameters) {
            set(&mut graph.nodes[slot.node.0].op, slot.role, tensor);
        }
        for (node, [mean, variance]) in graph.nodes.iter_mut().filter(|node| node.op.is_norm()).zip(running) {
            set(&mut node.op, Role::Mean, mean);
            set(&mut node.op, Role::Variance, variance);
        }
        graph
    }

    /// The output for a batch, from parameters in the order of [`Trainable::slots`].
    pub fn run(
        &self,
        parameters: &[Tensor<1>],
        norms: Norms<'_>,
        input: Tensor<4>,
        activation: &dyn Activation,
    ) -> Outcome {
        self.walk(input, &Given { parameters, norms, activation })
    }

    pub(super) fn walk(&self, input: Tensor<4>, given: &Given<'_>) -> Outcome {
        let ended = self.graph.lifetimes();
        let mut values: Vec<Option<Tensor<4>>> = vec![None; self.layers.len()];
        let mut statistics = Vec::new();
        for (id, node) in self.graph.iter() {
            let inputs = node.inputs.iter().filter_map(|input| values[input.0].clone()).collect();
            ended[id.0].iter().for_each(|past| values[past.0] = None);
            values[id.0] = Some(self.compute(id, inputs, &input, given, &mut statistics));
        }
        let output = values.get_mut(self.graph.output.0).and_then(Option::take).unwrap_or(input);
        Outcome { output, statistics }
    }
}

fn set(op: &mut Op, role: Role, tensor: &Tensor<1>) {
    if let Some(values) = op.parameter_mut(role) {
        *values = super::values(tensor.clone());
    }
}
