//! Piecewise-linear functions; smooth ones without a fit are what [`Smooth::knotted`](brelu_networks::activation::Smooth) says.

use super::super::CompileError;
use super::super::fit::fittable;
use super::super::net::{Id, Op};
use super::Lowering;
use brelu_networks::activation::Functions;
use brelu_networks::graph;

impl Lowering<'_> {
    /// The activation `node` of the tensor `input`, whose map may have been pooled already.
    pub(super) fn activation(
        &mut self,
        node: &graph::Node,
        functions: &Functions,
        input: Id,
    ) -> Result<Id, CompileError> {
        fittable(node)?;
        let channels = self.spec.channels(&node.name, node.shape)?;
        let functions = (0..channels.len()).map(|channel| functions.get(channel).knotted().clone()).collect();
        let shape = self.net.shape(input);
        Ok(self.net.push(&node.name, shape, Op::Activation { input, channels, functions }))
    }
}
