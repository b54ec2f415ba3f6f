//! Which channels must share a scale.
//!
//! A channel's value is an integer times its scale. Additions, views and the like tie the scales of what they read and
//! compute; a mean that is computed as a sum has `1 / area` of its input's scale, an activation with fractional slopes a
//! part that depends on how many fraction bits weights have. Linear maps tie nothing. A weighted union-find collects the
//! classes.

use brelu_core::plan::Channel;

use super::CompileError;
use super::function::gain;
use super::net::{Id, Net, Node, Op};

/// Fraction bits of weights where no format is chosen yet.
pub(super) const USUAL: u8 = 12;

/// Classes of channels whose scales are tied.
#[derive(Clone, Debug)]
pub(super) struct Ties {
    /// Where the channels of a node begin.
    first: Vec<usize>,
    parent: Vec<usize>,
    /// A channel's scale in terms of its parent's.
    factor: Vec<f64>,
}

impl Ties {
    pub(super) fn new(net: &Net, fraction: u8) -> Result<Self, CompileError> {
        let mut first = vec![0];
        for node in &net.nodes {
            first.push(first[first.len() - 1] + node.shape.channels as usize);
        }
        let len = first[first.len() - 1];
        let mut ties = Self { first, parent: (0..len).collect(), factor: vec![1.0; len] };
        for (id, node) in net.nodes.iter().enumerate() {
            ties.node(net, id, node, fraction).map_err(|()| {
                let problem = "it adds a mean, or an activation of fractional slopes, to what that was taken of: scale one \
                               of them by a convolution";
                CompileError::node(&node.name, problem)
            })?;
        }
        ties.common(net, net.output())?;
        if net.shape(0).channels > 4 {
            ties.common(net, 0)?;
        }
        ties.flatten();
        Ok(ties)
    }

    /// The class of a channel, and its scale in terms of the class's.
    pub(super) fn class(&self, id: Id, channel: usize) -> (usize, f64) {
        let at = self.first[id] + channel;
        (self.parent[at], self.factor[at])
    }

    /// An upper bound of the classes' numbers.
    pub(super) fn len(&self) -> usize {
        self.parent.len()
    }

    fn node(&mut self, net: &Net, id: Id, node: &Node, fraction: u8) -> Result<(), ()> {
        let Op::Activation { input, channels, functions } = &node.op else {
            let (factor, mut fits) = (1.0 / f64::from(node.divisor), Ok(()));
            net.origins(node, |origin| {
                fits = fits.and(self.tie((id, origin.channel), (origin.input, origin.source), factor));
            });
            return fits;
        };
        let mut both = channels.iter().zip(functions).enumerate();
        both.try_for_each(|(at, (channel, function))| {
            let decides = matches!(channel, Channel::Blocks { .. });
            let factor = if decides { 1.0 / gain(function, fraction) } else { 1.0 };
            self.tie((id, at), (*input, at), factor)
        })
    }

    /// One scale for all channels of a node.
    fn common(&mut self, net: &Net, id: Id) -> Result<(), CompileError> {
        let channels = 1..net.shape(id).channels as usize;
        let problem =
            || CompileError::node(&net.nodes[id].name, "its channels have scales of fixed, unequal ratios");
        channels
            .into_iter()
            .try_for_each(|channel| self.tie((id, channel), (id, 0), 1.0))
            .map_err(|()| problem())
    }

    /// Says that `scale(a) = factor * scale(b)`, or that this contradicts what was said before.
    fn tie(&mut self, a: (Id, usize), b: (Id, usize), factor: f64) -> Result<(), ()> {
        let (root_a, a) = self.find(self.first[a.0] + a.1);
        let (root_b, b) = self.find(self.first[b.0] + b.1);
        let ratio = factor * b / a;
        if root_a == root_b {
            return if (ratio - 1.0).abs() < 1e-9 { Ok(()) } else { Err(()) };
        }
        self.parent[root_a] = root_b;
        self.factor[root_a] = ratio;
        Ok(())
    }

    /// The root of a channel, and its scale in terms of the root's. Halves the path.
    fn find(&mut self, mut at: usize) -> (usize, f64) {
        let mut factor = 1.0;
        while self.parent[at] != at {
            let parent = self.parent[at];
            self.factor[at] *= self.factor[parent];
            self.parent[at] = self.parent[parent];
            factor *= self.factor[at];
            at = self.parent[at];
        }
        (at, factor)
    }

    fn flatten(&mut self) {
        for at in 0..self.parent.len() {
            let (root, factor) = self.find(at);
            (self.parent[at], self.factor[at]) = (root, factor);
        }
    }
}
