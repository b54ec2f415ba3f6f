//! The squared change of the output itself: the network's tail for every changed channel, as in the paper.

use std::time::{Duration, Instant};

use brelu_core::geometry::Shape;
use burn::tensor::{Tensor, TensorData};

use super::Triple;
use super::layers::Layer;
use brelu_learn::interpreter::{Interpreter, Plain, Trace, values};
use brelu_networks::activation::Activation;
use brelu_networks::blocks::BlockRelu;

/// One batch of images, computed with every ReLU.
pub(super) struct Tail<'a> {
    interpreter: &'a Interpreter,
    trace: Trace,
    output: Vec<f32>,
}

impl<'a> Tail<'a> {
    pub(super) fn new(interpreter: &'a Interpreter, images: &[&[f32]]) -> Self {
        let trace = interpreter.trace(interpreter.batch(images.iter().copied()), &Plain);
        let output = values(trace.value(interpreter.graph().output).clone());
        Self { interpreter, trace, output }
    }

    /// The output of all images.
    pub(super) fn output(&self) -> &[f32] {
        &self.output
    }

    /// Sum over images of the mean squared change of the output's elements, for each of `triples`, which are of `layer`,
    /// and the time each took.
    pub(super) fn distortions<'t>(
        &'t self,
        layer: &'t Layer,
        triples: &'t [Triple],
    ) -> impl Iterator<Item = (f64, Duration)> + 't {
        let node = &self.interpreter.graph()[layer.id];
        let z = values(self.trace.value(node.inputs[0]).clone());
        let now = values(self.trace.value(layer.id).clone());
        let outputs = self.interpreter.graph().output_shape().len() as f64;
        triples.iter().map(move |triple| {
            let started = Instant::now();
            let changed = self.changed(layer, triple, &z, &now);
            let output = values(self.interpreter.rerun(&self.trace, layer.id, changed, &Plain));
            let square = |(new, old): (&f32, &f32)| (f64::from(*new) - f64::from(*old)).powi(2);
            let distortion = output.iter().zip(&self.output).map(square).sum::<f64>() / outputs;
            (distortion, started.elapsed())
        })
    }

    /// The layer's output with one channel changed.
    fn changed(&self, layer: &Layer, triple: &Triple, z: &[f32], now: &[f32]) -> Tensor<4> {
        let shape = layer.shape;
        let relu = BlockRelu::new(Shape::new(1, shape.height, shape.width), &[layer.sizes[triple.candidate]]);
        let mut changed = now.to_vec();
        let start = triple.channel * shape.plane();
        for (image, z) in changed.chunks_exact_mut(shape.len()).zip(z.chunks_exact(shape.len())) {
            let plane = &mut image[start..][..shape.plane()];
            plane.copy_from_slice(&z[start..][..shape.plane()]);
            relu.activate(0, &Activation::relu_up_to(layer.bound), plane);
        }
        let dims = self.trace.value(layer.id).dims();
        Tensor::from_data(TensorData::new(changed, dims), self.interpreter.device())
    }
}
