//! The tensor of one node.

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::local::{MAX_AXES, Permutation};
use burn::tensor::Tensor;
use burn::tensor::module::{batch_norm_train, conv2d};
use burn::tensor::ops::ConvOptions;

use super::layer::Layer;
use super::{Activation, Norms, Statistics, Trainable, kernels};
use brelu_networks::graph::NodeId;

/// What a run is given beside its input.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    /// In the order of [`Trainable::slots`].
    pub(super) parameters: &'a [Tensor<1>],
    pub(super) norms: Norms<'a>,
    pub(super) activation: &'a dyn Activation,
}

impl Trainable {
    /// The tensor of node `id` from those it reads, or the `input`. Norms of the batch append to `statistics`.
    pub(super) fn compute(
        &self,
        id: NodeId,
        inputs: Vec<Tensor<4>>,
        input: &Tensor<4>,
        given: &Given<'_>,
        statistics: &mut Vec<Statistics>,
    ) -> Tensor<4> {
        let mut inputs = inputs.into_iter();
        let Some(x) = inputs.next() else { return input.clone() };
        let of = |slot: &usize| &given.parameters[*slot];
        match &self.layers[id.0] {
            Layer::Conv { geometry, weights, bias } => {
                self.convolve(geometry, x, of(weights), bias.as_ref().map(of))
            }
            Layer::Norm { scale, shift, number, epsilon } => {
                let map = [of(scale).clone(), of(shift).clone()];
                match given.norms {
                    Norms::Running(running) => by_running(x, map, &running[*number], *epsilon),
                    Norms::Batch => {
                        let (output, found) = self.by_batch(x, map, *epsilon);
                        statistics.push(found);
                        output
                    }
                }
            }
            Layer::Affine { scale, shift } => x * planes(of(scale).clone()) + planes(of(shift).clone()),
            Layer::Activation(functions) => given.activation.apply(id, functions, x),
            Layer::Add => inputs.fold(x, |sum, other| sum + other),
            Layer::Multiply => inputs.fold(x, |product, gate| product * gate),
            Layer::Concat => Tensor::cat(std::iter::once(x).chain(inputs).collect(), 1),
            Layer::Max(pool) => pool.max(x),
            Layer::Average(pool) => pool.average(x),
            Layer::View(selections, view) => self
                .own(|| kernels::view(view, &x))
                .unwrap_or_else(|| selections.iter().fold(x, |x, selection| selection.apply(x))),
            Layer::Reshape(to) => {
                let images = x.dims()[0];
                x.reshape(batch(images, *to))
            }
            Layer::Permute(permutation, to) => permute(permutation, *to, x),
        }
    }

    /// What a kernel of this crate gives, unless burn's operations do everything.
    fn own<T>(&self, kernel: impl FnOnce() -> Option<T>) -> Option<T> {
        if self.general { None } else { kernel() }
    }

    fn convolve(
        &self,
        geometry: &Conv2d,
        x: Tensor<4>,
        weights: &Tensor<1>,
        bias: Option<&Tensor<1>>,
    ) -> Tensor<4> {
        self.own(|| kernels::convolve(geometry, &x, weights, bias)).unwrap_or_else(|| {
            let none = || Tensor::zeros([geometry.out_channels as usize], &self.device);
            let [rows, columns] = geometry.kernel.map(usize::from);
            let sizes = [geometry.out_channels as usize, geometry.group_inputs() as usize, rows, columns];
            convolve(geometry, x, weights.clone().reshape(sizes), bias.cloned().unwrap_or_else(none))
        })
    }

    fn by_batch(
        &self,
        x: Tensor<4>,
        [scale, shift]: [Tensor<1>; 2],
        epsilon: f32,
    ) -> (Tensor<4>, Statistics) {
        let [images, _, height, width] = x.dims();
        let own = self.own(|| kernels::normalise(&x, &scale, &shift, epsilon));
        let (output, [mean, variance]) = own.unwrap_or_else(|| {
            let normed = batch_norm_train(x, scale, shift, epsilon.into());
            (normed.output, [normed.mean.inner(), normed.variance.inner()])
        });
        (output, Statistics { mean, variance, count: images * height * width })
    }
}

/// Symmetric padding is the library's own, other is done before.
pub(super) fn convolve(geometry: &Conv2d, x: Tensor<4>, weights: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let [top, left, bottom, right] = geometry.pads.map(usize::from);
    let [stride, dilation] = [geometry.stride, geometry.dilation].map(|pair| pair.map(usize::from));
    let groups = geometry.groups as usize;
    if top == bottom && left == right {
        return conv2d(x, weights, Some(bias), ConvOptions::new(stride, [top, left], dilation, groups));
    }
    let padded = x.pad((left, right, top, bottom), 0.0f32);
    conv2d(padded, weights, Some(bias), ConvOptions::new(stride, [0; 2], dilation, groups))
}

/// Dimensions of a batch.
fn batch(images: usize, of: Shape) -> [usize; 4] {
    [images, of.channels as usize, of.height as usize, of.width as usize]
}

/// Behind the images there are as many axes as a permutation may have, those it does not have of one element.
fn permute(permutation: &Permutation, to: Shape, x: Tensor<4>) -> Tensor<4> {
    let images = x.dims()[0];
    let mut dims = [1; 1 + MAX_AXES];
    let mut order: [isize; 1 + MAX_AXES] = std::array::from_fn(|axis| axis as isize);
    dims[0] = images;
    for (place, (size, axis)) in permutation.dims().iter().zip(permutation.order()).enumerate() {
        (dims[1 + place], order[1 + place]) = (*size as usize, 1 + *axis as isize);
    }
    x.reshape(dims).permute(order).reshape(batch(images, to))
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
