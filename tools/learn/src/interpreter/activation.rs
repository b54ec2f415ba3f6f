use std::collections::BTreeMap;

use burn::tensor::{Tensor, activation::relu};
use serde::{Deserialize, Serialize};

use super::block;
use super::kernels::{self, Fixed, Slope};
use brelu_networks::blocks::{BlockRelu, Spec};
use brelu_networks::graph::{Graph, NodeId};
use brelu_networks::numbers::Random;

/// What stands in the place of the ReLUs of a graph.
pub trait Activation: Sync {
    /// The output of activation `id` for `z`, a batch of its inputs. `bound` is the largest output of a bounded ReLU.
    fn apply(&self, id: NodeId, bound: Option<f32>, z: Tensor<4>) -> Tensor<4>;
}

/// One decision a pixel, as the graph says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Activation for Plain {
    fn apply(&self, _: NodeId, bound: Option<f32>, z: Tensor<4>) -> Tensor<4> {
        match bound {
            Some(max) => z.clamp(0.0, max),
            None => relu(z),
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
    fn apply(&self, id: NodeId, bound: Option<f32>, z: Tensor<4>) -> Tensor<4> {
        match self.0.get(&id.0) {
            Some(layer) => block::apply(layer, bound, z),
            None => Plain.apply(id, bound, z),
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
    fn apply(&self, id: NodeId, bound: Option<f32>, z: Tensor<4>) -> Tensor<4> {
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
        kernels::decide(self.blocks.0.get(&id.0), bound, slope, fixed, &z)
            .unwrap_or_else(|| self.blocks.apply(id, bound, z))
    }
}
