//! Ring formats and what they cost.

use brelu_core::plan::Channel;
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

    const fn bits(&self, wide: bool) -> u64 {
        if wide { self.wide() as u64 } else { self.narrow as u64 }
    }
}

/// Bits one inference moves between all parties, offline part included (the cost table of the protocol). `windows` has
/// the width of the comparisons of every node.
pub(super) fn cost(net: &Net, format: Format, windows: &[u8]) -> u64 {
    let nodes = net.nodes.iter().zip(windows);
    let nodes: u64 =
        nodes.map(|(node, window)| node_cost(net, node, Format { window: *window, ..format })).sum();
    let output = &net.nodes[net.output()];
    nodes + output.shape.len() as u64 * format.bits(output.wide)
}

fn node_cost(net: &Net, node: &Node, format: Format) -> u64 {
    let len = node.shape.len() as u64;
    match &node.op {
        Op::Input => len * format.bits(node.wide),
        Op::Linear { .. } => 2 * len * format.bits(false),
        Op::Activation { input, channels, .. } => {
            let from = format.bits(net.nodes[*input].wide);
            channels.iter().map(|channel| channel_cost(node, *channel, from, format)).sum()
        }
        _ => 0,
    }
}

fn channel_cost(node: &Node, channel: Channel, from: u64, format: Format) -> u64 {
    let pixels = node.shape.plane() as u64;
    let to = format.bits(node.wide);
    match channel {
        Channel::Zero => 0,
        Channel::Identity if to == from => 0,
        Channel::Identity => pixels * (2 * (to - from) + 1),
        Channel::Blocks { height, width, .. } => {
            let rows = u64::from(node.shape.height.div_ceil(u32::from(height)));
            let columns = u64::from(node.shape.width.div_ceil(u32::from(width)));
            let window = u64::from(format.window);
            pixels * (from + 2 * to + 3 * (to - from))
                + rows * columns * (window + 2 + to + (1 << (window - 1)))
        }
    }
}
