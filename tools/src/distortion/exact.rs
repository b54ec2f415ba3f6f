//! The squared change of the output itself: the network's tail for every changed channel, as in the paper.

use brelu_core::geometry::Shape;
use burn::tensor::{Tensor, TensorData};

use super::layers::Layer;
use crate::interpreter::{BlockRelu, Interpreter, Plain, Trace, values};

/// A layer, a channel and a candidate, by their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Triple {
    /// The activation layer.
    pub layer: usize,
    /// The channel.
    pub channel: usize,
    /// The candidate among the layer's sizes.
    pub candidate: usize,
}

/// One batch of images, computed with every ReLU.
pub(super) struct Tail<'a> {
    interpreter: &'a Interpreter,
    trace: Trace,
    output: Vec<f32>,
}

impl<'a> Tail<'a> {
    pub(super) fn new(interpreter: &'a Interpreter, images: &[&[f32]]) -> Self {
        let trace = interpreter.trace(interpreter.batch(images.iter().copied()), &mut Plain);
        let output = values(trace.value(interpreter.graph().output).clone());
        Self { interpreter, trace, output }
    }

    /// The output of all images.
    pub(super) fn output(&self) -> &[f32] {
        &self.output
    }

    /// Sum over images of the mean squared change of the output's elements, for each of `triples`, which are of `layer`.
    pub(super) fn distortions<'t>(
        &'t self,
        layer: &'t Layer,
        triples: &'t [Triple],
    ) -> impl Iterator<Item = f64> + 't {
        let node = &self.interpreter.graph()[layer.id];
        let z = values(self.trace.value(node.inputs[0]).clone());
        let now = values(self.trace.value(layer.id).clone());
        let outputs = self.interpreter.graph().output_shape().len() as f64;
        triples.iter().map(move |triple| {
            let changed = self.changed(layer, triple, &z, &now);
            let output = values(self.interpreter.rerun(&self.trace, layer.id, changed, &mut Plain));
            let square = |(new, old): (&f32, &f32)| (f64::from(*new) - f64::from(*old)).powi(2);
            output.iter().zip(&self.output).map(square).sum::<f64>() / outputs
        })
    }

    /// The layer's output with one channel changed.
    fn changed(&self, layer: &Layer, triple: &Triple, z: &[f32], now: &[f32]) -> Tensor<4> {
        let shape = layer.shape;
        let relu = BlockRelu::new(Shape::new(1, shape.height, shape.width), &[layer.sizes[triple.candidate]]);
        let mut changed = now.to_vec();
        let start = triple.channel * shape.plane();
        for (image, z) in changed.chunks_exact_mut(shape.len()).zip(z.chunks_exact(shape.len())) {
            let plane = &z[start..][..shape.plane()];
            image[start..][..shape.plane()].copy_from_slice(&relu.plane(0, layer.bound, plane));
        }
        let dims = self.trace.value(layer.id).dims();
        Tensor::from_data(TensorData::new(changed, dims), self.interpreter.device())
    }
}
