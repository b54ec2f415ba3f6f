use std::collections::BTreeMap;

use burn::tensor::{Tensor, TensorData, activation::relu};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::block;
use super::kernels::{self, Fixed, Slope};
use brelu_networks::activation::{Function, Functions, Knot};
use brelu_networks::blocks::{BlockRelu, Spec};
use brelu_networks::graph::{Graph, NodeId};
use brelu_networks::numbers::Random;

/// What stands in the place of the ReLUs of a graph.
pub trait Activation: Sync {
    /// The output of activation `id` for `z`, a batch of its inputs; `functions` is what the graph says it computes.
    fn apply(&self, id: NodeId, functions: &Functions, z: Tensor<4>) -> Tensor<4>;
}

/// `offset + slope z` and, for every knot, its slope times what `passes` makes of the knot's number and `z` minus its place.
pub(super) fn piecewise(
    functions: &Functions,
    z: &Tensor<4>,
    passes: impl Fn(usize, Tensor<4>) -> Tensor<4>,
) -> Tensor<4> {
    let (channels, device) = (z.dims()[1], z.device());
    let of = |value: &dyn Fn(&brelu_networks::activation::Activation) -> f32| -> Tensor<4> {
        let values: Vec<f32> = (0..channels).map(|channel| value(functions.get(channel).knotted())).collect();
        Tensor::from_data(TensorData::new(values, [1, channels, 1, 1]), &device)
    };
    let knots = functions.iter().map(|function| function.knotted().knots().len()).max().unwrap_or(0);
    let line = z.clone() * of(&|function| function.slope()) + of(&|function| function.offset());
    (0..knots).fold(line, |sum, knot| {
        let part = |value: fn(&Knot) -> f32| of(&|function| function.knots().get(knot).map_or(0.0, value));
        sum + passes(knot, z.clone() - part(|knot| knot.at)) * part(|knot| knot.slope)
    })
}

/// Any functions, pixel by pixel: their values with their slopes as gradients.
pub(super) fn pointwise(functions: &Functions, z: &Tensor<4>) -> Tensor<4> {
    let (dims, fixed) = (z.dims(), z.clone().detach());
    let (channels, plane) = (dims[1].max(1), (dims[2] * dims[3]).max(1));
    let inputs = super::values(fixed.clone());
    let of = |value: fn(&Function, f32) -> f32| -> Tensor<4> {
        let mut values = inputs.clone();
        values.par_chunks_mut(plane).enumerate().for_each(|(at, plane)| {
            let function = functions.get(at % channels);
            plane.iter_mut().for_each(|z| *z = value(function, *z));
        });
        Tensor::from_data(TensorData::new(values, dims), &z.device())
    };
    of(Function::of) + of(Function::derivative) * (z.clone() - fixed)
}

/// One decision a pixel, as the graph says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Activation for Plain {
    fn apply(&self, _: NodeId, functions: &Functions, z: Tensor<4>) -> Tensor<4> {
        match functions.relu_bound() {
            Some(f32::INFINITY) => relu(z),
            Some(max) => z.clamp(0.0, max),
            None if functions.are_piecewise() => piecewise(functions, &z, |_, above| relu(above)),
            None => pointwise(functions, &z),
        }
    }
}

/// Block-ReLU in the layers a spec lists, one decision a pixel elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Blocks(BTreeMap<usize, BlockRelu>);

impl Blocks {
    /// The sizes of `spec` by the names of the graph's nodes. Layers the graph has not are ignored: see
    /// [`Spec::check_for`].
    pub fn new(graph: &Graph, spec: &Spec) -> Self {
        let layer = |(id, node): (NodeId, &brelu_networks::graph::Node)| {
            Some((id.0, BlockRelu::of(spec.layer(&node.name)?, node.shape)))
        };
        Self(graph.iter().filter_map(layer).collect())
    }

    /// Replaces the sizes of layer `id`.
    pub fn set(&mut self, id: NodeId, layer: BlockRelu) {
        self.0.insert(id.0, layer);
    }
}

impl Activation for Blocks {
    fn apply(&self, id: NodeId, functions: &Functions, z: Tensor<4>) -> Tensor<4> {
        match self.0.get(&id.0) {
            Some(layer) => block::apply(layer, functions, z),
            None => Plain.apply(id, functions, z),
        }
    }
}

/// How decisions are made and learned in training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Decisions {
    /// Hard, without a gradient, as in arXiv 2304.10442.
    Constant,
    /// Hard, with the gradient of `sigmoid(mean / width)` of the block's mean.
    StraightThrough {
        /// Means of about this size count as undecided.
        width: f32,
    },
    /// `sigmoid(mean / width)`, which becomes hard as `width` falls; hard at 0.
    Annealed {
        /// Means of about this size count as undecided.
        width: f32,
    },
}

/// [`Blocks`] whose decisions may have gradients. Channels with one decision a pixel keep the ReLU's own.
#[derive(Clone, Copy, Debug)]
pub struct Relaxed<'a> {
    /// The blocks.
    pub blocks: &'a Blocks,
    /// How they decide.
    pub decisions: Decisions,
    /// Fixed point to follow, and a number that differs from step to step.
    pub fixed: Option<(FixedPoint, u64)>,
}

/// Formats of a plan that training follows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FixedPoint {
    /// `n`: bits of pre-activations, 4 to 30.
    pub narrow: u8,
    /// `f`: bits that linear layers drop, 1 to 16. Weights are rounded to multiples of `2^-f`.
    pub fraction: u8,
    /// `w`: bits of comparison windows, 2 to 11 and below `n`.
    pub window: u8,
    /// What is seen in a batch, times this, fits the ranges; at least 1.
    pub margin: f32,
}

impl Activation for Relaxed<'_> {
    fn apply(&self, id: NodeId, functions: &Functions, z: Tensor<4>) -> Tensor<4> {
        // Kernels and relaxed decisions are for ReLU, with a bound or without.
        let Some(bound) = functions.relu_bound() else { return self.blocks.apply(id, functions, z) };
        let slope = match self.decisions {
            Decisions::StraightThrough { width } if width > 0.0 => Slope::Hard { width },
            Decisions::Annealed { width } if width > 0.0 => Slope::Soft { width },
            _ => Slope::Zero,
        };
        let fixed = self.fixed.map(|(point, number)| Fixed {
            narrow: point.narrow,
            window: point.window,
            margin: point.margin,
            key: Random::new(number ^ (id.0 as u64) << 48).word(),
        });
        kernels::decide(
            self.blocks.0.get(&id.0),
            Some(bound).filter(|bound| bound.is_finite()),
            slope,
            fixed,
            &z,
        )
        .unwrap_or_else(|| self.blocks.apply(id, functions, z))
    }
}
