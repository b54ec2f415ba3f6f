//! What formats cost.

use brelu_core::cost;
pub use brelu_core::format::Format;
use brelu_core::plan::Channel;
use brelu_core::protocol::block_relu as drelu;
use brelu_core::protocol::tiling::Tiling;

use super::net::{Net, Node, Op};

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
        // At most: where ranges allow it, factors have fewer bits.
        Op::Product { inputs: [_, gate] } => {
            let gates = net.shape(*gate).len() as u64;
            cost::product(format.bits(false), format.bits(true), len, gates).total()
        }
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
            let rings = drelu::Widths { n: from, k: to, w: format.window, lo: 0 };
            let tiles = Tiling::new(node.shape, height, width).len() as u64;
            cost::pixels(rings, knots, plane) + cost::blocks(rings, knots, tiles)
        }
    };
    traffic.total()
}
