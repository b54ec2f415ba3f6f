//! ReLU, and ReLU with an upper bound.

use super::super::CompileError;
use super::super::net::{Id, Op};
use super::{Lowering, finite};
use brelu_networks::graph;

impl Lowering<'_> {
    /// The activation `node` of the tensor `input`, whose map may have been pooled already. A bound is a second knot of the same
    /// decision layer.
    pub(super) fn activation(&mut self, node: &graph::Node, input: Id) -> Result<Id, CompileError> {
        let channels = self.spec.channels(&node.name, node.shape)?;
        let bound = match node.op {
            graph::Op::Clip { max } => {
                finite(&node.name, &[max])?;
                max
            }
            _ => f32::INFINITY,
        };
        let (shape, bounds) = (self.net.shape(input), vec![bound; channels.len()]);
        Ok(self.net.push(&node.name, shape, Op::Activation { input, channels, bounds }))
    }
}
