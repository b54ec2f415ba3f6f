//! Gradients of probes of the output with respect to every activation.

use burn::tensor::{Tensor, TensorData};

use super::Seeds;
use crate::graph::NodeId;
use crate::interpreter::{Activation, Interpreter, values};

/// The activations of a graph in one batch, image by image.
pub(super) struct Observed {
    /// The output, image by image.
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
    inner: &'a mut dyn Activation,
    leaves: Vec<Tensor<4>>,
    inputs: Vec<Tensor<4>>,
    outputs: Vec<Tensor<4>>,
}

impl Activation for Probed<'_> {
    fn apply(&mut self, id: NodeId, bound: Option<f32>, z: Tensor<4>) -> Tensor<4> {
        self.inputs.push(z.clone());
        let output = self.inner.apply(id, bound, z);
        self.outputs.push(output.clone());
        let leaf = Tensor::zeros(output.dims(), &output.device()).require_grad();
        self.leaves.push(leaf.clone());
        output + leaf
    }
}

/// Runs a batch once for every probe. `first` is the number of the batch's first image, on which random probes depend.
pub(super) fn observe(
    interpreter: &Interpreter,
    images: &[&[f32]],
    numbers: &[u64],
    seeds: &Seeds,
    activation: &mut dyn Activation,
) -> Observed {
    let mut observed =
        Observed { output: Vec::new(), inputs: Vec::new(), outputs: Vec::new(), gradients: Vec::new() };
    let batch = interpreter.batch(images.iter().copied());
    for probe in 0..seeds.count() {
        let mut probed =
            Probed { inner: activation, leaves: Vec::new(), inputs: Vec::new(), outputs: Vec::new() };
        let output = interpreter.run(batch.clone(), &mut probed);
        let weights: Vec<f32> = numbers.iter().flat_map(|number| seeds.probe(*number, probe)).collect();
        let weights = Tensor::<4>::from_data(TensorData::new(weights, output.dims()), &output.device());
        let gradients = (output.clone() * weights).sum().backward();
        let of = |leaf: &Tensor<4>| match leaf.grad(&gradients) {
            Some(gradient) => values(gradient),
            None => vec![0.0; leaf.dims().iter().product()],
        };
        observed.gradients.push(probed.leaves.iter().map(of).collect());
        if probe == 0 {
            observed.output = values(output.inner());
            observed.inputs = probed.inputs.drain(..).map(|tensor| values(tensor.inner())).collect();
            observed.outputs = probed.outputs.drain(..).map(|tensor| values(tensor.inner())).collect();
        }
    }
    observed
}
