//! Gradients of probes of the output with respect to every activation.

use std::sync::Mutex;

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::{Compared, Seeds};
use brelu_learn::interpreter::{Activation, Interpreter, values};
use brelu_networks::activation::Functions;
use brelu_networks::graph::NodeId;

/// The activations of a graph in one batch, image by image.
pub(super) struct Observed {
    /// What is compared of the output, image by image.
    pub(super) output: Vec<f32>,
    /// For every activation, its input.
    pub(super) inputs: Vec<Vec<f32>>,
    /// For every activation, its output.
    pub(super) outputs: Vec<Vec<f32>>,
    /// For every probe and activation, the gradient with respect to the activation's output.
    pub(super) gradients: Vec<Vec<Vec<f32>>>,
}

/// Runs the inner activation and adds a tensor of zeros, whose gradient is that of the activation.
struct Probed<'a> {
    inner: &'a dyn Activation,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    leaves: Vec<Tensor<4>>,
    inputs: Vec<Tensor<4>>,
    outputs: Vec<Tensor<4>>,
}

impl Activation for Probed<'_> {
    fn apply(&self, id: NodeId, functions: &Functions, z: Tensor<4>) -> Tensor<4> {
        let output = self.inner.apply(id, functions, z.clone());
        let leaf = Tensor::zeros(output.dims(), &output.device()).require_grad();
        if let Ok(mut seen) = self.seen.lock() {
            seen.leaves.push(leaf.clone());
            seen.inputs.push(z);
            seen.outputs.push(output.clone());
        }
        output + leaf
    }
}

/// One probe of a batch: the output, what was seen, and the gradients.
struct Probe {
    output: Tensor<4>,
    seen: Seen,
    gradients: Vec<Vec<f32>>,
}

/// Runs a batch once for every probe of what is `compared`, several at a time. `numbers` are those of the images, on which
/// random probes depend.
pub(super) fn observe(
    interpreter: &Interpreter,
    images: &[&[f32]],
    numbers: &[u64],
    seeds: &Seeds,
    activation: &dyn Activation,
    compared: Compared,
) -> Observed {
    let batch = interpreter.batch(images.iter().copied());
    let run = |probe| {
        let (seen, weights) = (Mutex::default(), seeds.weights(numbers, probe));
        let probed = Probed { inner: activation, seen };
        let output = compared.of(interpreter.run(batch.clone(), &probed));
        let weights = Tensor::<4>::from_data(TensorData::new(weights, output.dims()), &output.device());
        let gradients = (output.clone() * weights).sum().backward();
        let seen = probed.seen.into_inner().unwrap_or_default();
        let of = |leaf: &Tensor<4>| match leaf.grad(&gradients) {
            Some(gradient) => values(gradient),
            None => vec![0.0; leaf.dims().iter().product()],
        };
        let gradients = seen.leaves.iter().map(of).collect();
        Probe { output, seen, gradients }
    };
    let mut probes: Vec<Probe> = (0..seeds.count()).into_par_iter().map(run).collect();
    let observed =
        |tensors: Vec<Tensor<4>>| tensors.into_iter().map(|tensor| values(tensor.inner())).collect();
    let (output, inputs, outputs) = match probes.first_mut() {
        Some(first) => {
            let seen = std::mem::take(&mut first.seen);
            (values(first.output.clone().inner()), observed(seen.inputs), observed(seen.outputs))
        }
        None => Default::default(),
    };
    Observed { output, inputs, outputs, gradients: probes.into_iter().map(|probe| probe.gradients).collect() }
}
