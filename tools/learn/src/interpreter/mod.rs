//! Graphs on batches of images, on any device of the burn library, with gradients.
//!
//! A [`Trainable`] is given its parameters at every run, an [`Interpreter`] is one that holds them.
//! Distortion, evaluation and training use this one executor; [`brelu_networks::graph::Executor`] computes single images
//! without a batch and checks it in tests. burn was chosen because it is the maintained Rust library that has automatic
//! differentiation, optimisers and both CPU and GPU devices behind one tensor type without native dependencies; its
//! devices are values, so nothing here is generic over them.

mod activation;
mod block;
mod compute;
mod kernels;
mod layer;
mod pool;
mod rounding;
mod select;
mod slots;
mod trace;
mod trainable;
mod watch;

pub use activation::{Activation, Blocks, Decisions, FixedPoint, Plain, Relaxed};
pub use burn::tensor::Device;

/// The GPU of that number, if this build computes on GPUs.
pub fn gpu(number: usize) -> Option<Device> {
    #[cfg(feature = "cuda")]
    return Some(Device::cuda(number));
    #[cfg(not(feature = "cuda"))]
    {
        let _ = number;
        None
    }
}
pub use slots::Slot;
pub use trace::Trace;
pub use trainable::{Norms, Outcome, Statistics, Trainable};
pub use watch::Watched;

use burn::tensor::{Tensor, TensorData};

use brelu_networks::graph::{Graph, GraphError};
use compute::Given;

/// A network with its parameters, computed with burn's operations.
#[derive(Clone, Debug)]
pub struct Interpreter {
    network: Trainable,
    parameters: Vec<Tensor<1>>,
}

impl Interpreter {
    /// Checks the graph and moves its parameters to `device`.
    ///
    /// # Errors
    /// If the graph is inconsistent.
    pub fn new(graph: &Graph, device: &Device) -> Result<Self, GraphError> {
        graph.check()?;
        let mut graph = graph.clone();
        graph.fix_norms();
        let network = Trainable::of(graph, device).general();
        let parameters = network.parameters(network.graph());
        Ok(Self { network, parameters })
    }

    /// The graph, with the affine maps that its norms are.
    pub const fn graph(&self) -> &Graph {
        self.network.graph()
    }

    /// Where it is computed.
    pub const fn device(&self) -> &Device {
        self.network.device()
    }

    /// Images as a batch: each holds the elements of the input, plane by plane. Images of another length give a batch
    /// that [`Interpreter::run`] refuses.
    pub fn batch<'a>(&self, images: impl IntoIterator<Item = &'a [f32]>) -> Tensor<4> {
        let shape = self.graph().input_shape();
        let mut values = Vec::new();
        images.into_iter().for_each(|image| values.extend_from_slice(image));
        let count = values.len() / shape.len();
        values.truncate(count * shape.len());
        let [channels, height, width] = [shape.channels, shape.height, shape.width].map(|size| size as usize);
        Tensor::from_data(TensorData::new(values, [count, channels, height, width]), self.device())
    }

    /// The output for a batch (images x channels x height x width), with `activation` in the place of every ReLU.
    pub fn run(&self, input: Tensor<4>, activation: &dyn Activation) -> Tensor<4> {
        self.network.walk(input, &self.given(activation)).output
    }

    fn given<'a>(&'a self, activation: &'a dyn Activation) -> Given<'a> {
        Given { parameters: &self.parameters, norms: Norms::Running(&[]), activation }
    }
}

/// The values of a tensor, on this machine, in order.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[cfg(test)]
mod tests;
