//! ReLU, and ReLU with an upper bound.

use brelu_core::plan::Channel;

use super::super::CompileError;
use super::super::net::{Id, Op};
use super::{Lowering, finite};
use brelu_networks::graph;

impl Lowering<'_> {
    /// The activation `node` of the tensor `input`, whose map may have been pooled already.
    pub(super) fn activation(&mut self, node: &graph::Node, input: Id) -> Result<Id, CompileError> {
        let channels = self.spec.channels(&node.name, node.shape)?;
        match node.op {
            graph::Op::Clip { max } => self.clipped(&node.name, input, channels, max),
            _ => {
                let shape = self.net.shape(input);
                Ok(self.net.push(&node.name, shape, Op::Activation { input, channels, clip: None }))
            }
        }
    }

    /// `ReLU(z) - ReLU(z - max)`, both in one activation. A channel that passes or is zero subtracts nothing.
    fn clipped(&mut self, name: &str, z: Id, channels: Vec<Channel>, max: f32) -> Result<Id, CompileError> {
        finite(name, &[max])?;
        let shape = self.net.shape(z);
        let count = shape.channels;
        let values = vec![-max; count as usize];
        let above = self.net.push(format!("{name}/above"), shape, Op::Offset { input: z, values });
        let input = self.net.concat(&format!("{name}/both"), vec![z, above]);
        let subtracted = channels.iter().map(|channel| match channel {
            Channel::Blocks { .. } => *channel,
            _ => Channel::Zero,
        });
        let channels = channels.iter().copied().chain(subtracted).collect();
        let both = self.net.shape(input);
        let both = self.net.push(name, both, Op::Activation { input, channels, clip: Some(max) });
        let below = self.net.slice(format!("{name}/low"), both, 0, count);
        let above = self.net.slice(format!("{name}/high"), both, count, count);
        Ok(self.net.add(format!("{name}/clip"), below, above, true))
    }
}
