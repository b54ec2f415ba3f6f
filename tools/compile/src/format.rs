//! Ring formats and what they cost.

use brelu_core::cost;
use brelu_core::plan::Channel;
use brelu_core::protocol::block_relu as drelu;
use brelu_core::protocol::tiling::Tiling;
use serde::Serialize;

use super::CompileError;
use super::net::{Net, Node, Op};

/// Widths in bits: pre-activations live in Z_2^n, activations in Z_2^K with `K = n + fraction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Format {
    /// `n`, in 4..=30.
    pub narrow: u8,
    /// `f`: bits a linear layer drops, in 1..=16.
    pub fraction: u8,
    /// `w`: width of the comparison windows, in 2..=11 and below `n`.
    pub window: u8,
}

impl Format {
    /// `K = n + f`, at most 32 bits in a valid format.
    pub const fn wide(&self) -> u8 {
        self.narrow.saturating_add(self.fraction)
    }

    pub(super) fn check(&self) -> Result<(), CompileError> {
        let Self { narrow, fraction, window } = *self;
        let fits = (4..=30).contains(&narrow) && (1..=16).contains(&fraction) && self.wide() <= 32;
        if fits && (2..=11).contains(&window) && window < narrow {
            return Ok(());
        }
        Err(CompileError::Option(format!(
            "the format n = {narrow}, f = {fraction}, w = {window} is impossible: n takes 4..=30 bits, f 1..=16, \
             n + f at most 32, w 2..=11 and less than n"
        )))
    }

    const fn bits(&self, wide: bool) -> u8 {
        if wide { self.wide() } else { self.narrow }
    }
}

/// Bits one inference moves between all parties, offline part included (the cost table of the protocol). `windows` has
/// the width of the comparisons of every node.
pub(super) fn cost(net: &Net, format: Format, windows: &[u8]) -> u64 {
    let nodes = net.nodes.iter().zip(windows);
    let nodes: u64 =
        nodes.map(|(node, window)| node_cost(net, node, Format { window: *window, ..format })).sum();
    let output = &net.nodes[net.output()];
    nodes + output.shape.len() as u64 * u64::from(format.bits(output.wide))
}

fn node_cost(net: &Net, node: &Node, format: Format) -> u64 {
    let len = node.shape.len() as u64;
    match &node.op {
        Op::Input => cost::input(format.bits(node.wide), len).total(),
        Op::Linear { .. } => cost::linear(format.bits(false), len).total(),
        Op::Activation { input, channels, functions, .. } => {
            let from = format.bits(net.nodes[*input].wide);
            let knots = functions.iter().map(|function| function.knots().len());
            let pairs = channels.iter().zip(knots);
            pairs.map(|(channel, knots)| channel_cost(node, *channel, knots, from, format)).sum()
        }
        _ => 0,
    }
}

fn channel_cost(node: &Node, channel: Channel, knots: usize, from: u8, format: Format) -> u64 {
    let (plane, to) = (node.shape.plane() as u64, format.bits(node.wide));
    let traffic = match channel {
        Channel::Zero => cost::Traffic::default(),
        Channel::Identity => cost::extension(from, to, plane),
        Channel::Blocks { height, width, .. } => {
            let rings = drelu::Format { n: from, k: to, w: format.window, lo: 0 };
            let tiles = Tiling::new(node.shape, height, width).len() as u64;
            cost::pixels(rings, knots, plane) + cost::blocks(rings, knots, tiles)
        }
    };
    traffic.total()
}
