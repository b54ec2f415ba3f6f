use std::collections::BTreeMap;

use burn::tensor::{Tensor, activation::relu};

use super::block;
use crate::blocks::{BlockRelu, Spec};
use crate::graph::{Graph, NodeId};

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
        let layer = |(id, node): (NodeId, &crate::graph::Node)| {
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
