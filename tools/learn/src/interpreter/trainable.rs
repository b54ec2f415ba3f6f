//! A graph whose parameters are given at every run, so that they can be learned.

use brelu_core::geometry::Conv2d;
use burn::tensor::module::batch_norm_train;
use burn::tensor::{Device, Tensor, TensorData};

use super::slots::{Role, Slot, value, value_mut};
use super::step::{Step, convolve};
use super::{Activation, kernels, trace};
use brelu_networks::graph::{Graph, GraphError, Op};

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

/// Where a node finds its parameters.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    Conv { geometry: Conv2d, weights: usize, bias: Option<usize> },
    Norm { scale: usize, shift: usize, number: usize, epsilon: f32 },
    Affine { scale: usize, shift: usize },
    Fixed(Box<Step>),
}

/// A graph and where its parameters go.
#[derive(Clone, Debug)]
pub struct Trainable {
    pub(super) graph: Graph,
    pub(super) layers: Vec<Layer>,
    slots: Vec<Slot>,
    device: Device,
    /// Whether burn's operations do everything.
    general: bool,
}

impl Trainable {
    /// Checks the graph. A convolution that only a norm reads and whose bias is zero keeps it: the norm has one.
    ///
    /// # Errors
    /// If the graph is inconsistent.
    pub fn new(graph: &Graph, device: &Device) -> Result<Self, GraphError> {
        graph.check()?;
        let readers = graph.consumers();
        let (mut slots, mut norms, mut layers) = (Vec::new(), 0, Vec::new());
        for (id, node) in graph.iter() {
            let mut slot = |role| {
                slots.push(Slot { node: id, role });
                slots.len() - 1
            };
            layers.push(match &node.op {
                Op::Conv { geometry, bias, .. } => {
                    let normed = matches!(readers[id.0][..], [reader] if is_norm(&graph[reader].op));
                    let weights = slot(Role::Weights);
                    let fixed = normed && bias.iter().all(|bias| *bias == 0.0);
                    let bias = (!fixed).then(|| slot(Role::Bias));
                    Layer::Conv { geometry: *geometry, weights, bias }
                }
                Op::BatchNorm { epsilon, .. } => {
                    norms += 1;
                    let [scale, shift] = [slot(Role::Scale), slot(Role::Shift)];
                    Layer::Norm { scale, shift, number: norms - 1, epsilon: *epsilon }
                }
                Op::Affine { .. } => Layer::Affine { scale: slot(Role::Scale), shift: slot(Role::Shift) },
                _ => Layer::Fixed(Box::new(Step::new(graph, node, device))),
            });
        }
        Ok(Self { graph: graph.clone(), layers, slots, device: device.clone(), general: false })
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
        let of = |slot: &Slot| graph.nodes.get(slot.node.0).and_then(|node| value(&node.op, slot.role));
        self.slots.iter().map(|slot| self.tensor(of(slot).unwrap_or_default())).collect()
    }

    /// Running means and variances of the norms of a graph of the same structure.
    pub fn running(&self, graph: &Graph) -> Vec<[Tensor<1>; 2]> {
        let of = |op: &Op| match op {
            Op::BatchNorm { mean, variance, .. } => Some([self.tensor(mean), self.tensor(variance)]),
            _ => None,
        };
        graph.nodes.iter().filter_map(|node| of(&node.op)).collect()
    }

    pub(super) fn tensor(&self, values: &[f32]) -> Tensor<1> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &self.device)
    }

    /// The graph with these parameters and running statistics; names and everything else stay.
    pub fn graph_with(&self, parameters: &[Tensor<1>], running: &[[Tensor<1>; 2]]) -> Graph {
        let mut graph = self.graph.clone();
        for (slot, tensor) in self.slots.iter().zip(parameters) {
            if let Some(values) = value_mut(&mut graph.nodes[slot.node.0].op, slot.role) {
                *values = super::values(tensor.clone());
            }
        }
        let mut running = running.iter();
        for node in &mut graph.nodes {
            if let Op::BatchNorm { mean, variance, .. } = &mut node.op
                && let Some(tensors) = running.next()
            {
                [*mean, *variance] = tensors.clone().map(super::values);
            }
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
        let mut lifetimes = trace::Lifetimes::new(&self.graph);
        let mut values: Vec<Option<Tensor<4>>> = vec![None; self.layers.len()];
        let mut statistics = Vec::new();
        for (id, node) in self.graph.iter() {
            let mut inputs =
                node.inputs.iter().filter_map(|input| values[input.0].clone()).collect::<Vec<_>>();
            lifetimes.forget(id, &mut values);
            let first = if inputs.is_empty() { input.clone() } else { inputs.remove(0) };
            values[id.0] = Some(match &self.layers[id.0] {
                Layer::Conv { geometry, weights, bias } => {
                    let (weights, bias) = (&parameters[*weights], bias.map(|bias| &parameters[bias]));
                    let own = || kernels::convolve(geometry, &first, weights, bias);
                    let own = if self.general { None } else { own() };
                    own.unwrap_or_else(|| {
                        let none = || Tensor::zeros([geometry.out_channels as usize], &self.device);
                        let bias = bias.cloned().unwrap_or_else(none);
                        convolve(geometry, first, kernel(geometry, weights.clone()), bias)
                    })
                }
                Layer::Norm { scale, shift, number, epsilon } => {
                    let [scale, shift] = [scale, shift].map(|slot| parameters[*slot].clone());
                    match norms {
                        Norms::Running(running) => {
                            by_running(first, [scale, shift], &running[*number], *epsilon)
                        }
                        Norms::Batch => {
                            let (output, found) = self.by_batch(first, [scale, shift], *epsilon);
                            statistics.push(found);
                            output
                        }
                    }
                }
                Layer::Affine { scale, shift } => {
                    let [scale, shift] = [scale, shift].map(|slot| parameters[*slot].clone());
                    first * planes(scale) + planes(shift)
                }
                Layer::Fixed(step) => match step.as_ref() {
                    Step::Activation(functions) => activation.apply(id, functions, first),
                    Step::View(_, view) if !self.general => kernels::view(view, &first)
                        .unwrap_or_else(|| step.run(node, first, inputs.into_iter())),
                    step => step.run(node, first, inputs.into_iter()),
                },
            });
        }
        let output = values.get_mut(self.graph.output.0).and_then(Option::take).unwrap_or(input);
        Outcome { output, statistics }
    }

    fn by_batch(
        &self,
        x: Tensor<4>,
        [scale, shift]: [Tensor<1>; 2],
        epsilon: f32,
    ) -> (Tensor<4>, Statistics) {
        let [images, _, height, width] = x.dims();
        let own = if self.general { None } else { kernels::normalise(&x, &scale, &shift, epsilon) };
        let (output, [mean, variance]) = own.unwrap_or_else(|| {
            let normed = batch_norm_train(x, scale, shift, epsilon.into());
            (normed.output, [normed.mean.inner(), normed.variance.inner()])
        });
        (output, Statistics { mean, variance, count: images * height * width })
    }
}

const fn is_norm(op: &Op) -> bool {
    matches!(op, Op::BatchNorm { .. })
}

fn kernel(geometry: &Conv2d, weights: Tensor<1>) -> Tensor<4> {
    let [rows, columns] = geometry.kernel.map(usize::from);
    weights.reshape([geometry.out_channels as usize, geometry.group_inputs() as usize, rows, columns])
}

fn planes(values: Tensor<1>) -> Tensor<4> {
    let channels = values.dims()[0];
    values.reshape([1, channels, 1, 1])
}

fn by_running(
    x: Tensor<4>,
    [scale, shift]: [Tensor<1>; 2],
    running: &[Tensor<1>; 2],
    epsilon: f32,
) -> Tensor<4> {
    let [mean, variance] = running.clone();
    let factor = scale / (variance + epsilon).sqrt();
    let summand = shift - mean * factor.clone();
    x * planes(factor) + planes(summand)
}
