//! What every layer's comparisons cost, and what narrow ones do.
//!
//! A window of `w` bits costs a table of 2^(w-1) bits a decision, and lets decisions go either way for block sums below
//! 2^-w of the range: so many values, each off by as much, that the squared error of the outputs falls by a factor
//! between 4 and 16 a bit.

use brelu_core::format::WINDOW;
use brelu_core::plan::Channel;
use brelu_core::protocol::tiling::Tiling;
use brelu_networks::activation::Activation;

use super::net::{Id, Net, Node, Op};

/// The narrowest window of a layer that has its own, and the widest.
pub(super) const NARROWEST: u8 = 3;
pub(super) const WIDEST: u8 = *WINDOW.end();

/// The activation layers that decide, with the number of their decisions.
pub(super) fn deciding(net: &Net) -> impl Iterator<Item = (Id, u64)> + '_ {
    net.nodes.iter().enumerate().map(|(id, node)| (id, decisions(node))).filter(|(_, count)| *count > 0)
}

fn decisions(node: &Node) -> u64 {
    let Op::Activation { channels, functions, .. } = &node.op else { return 0 };
    let of = |(channel, function): (&Channel, &Activation)| match *channel {
        Channel::Blocks { height, width, .. } => {
            Tiling::new(node.shape, height, width).len() * function.knots().len()
        }
        _ => 0,
    };
    channels.iter().zip(functions).map(of).sum::<usize>() as u64
}

/// Bits a window of `width` takes a decision: its index and its table.
pub(super) fn window_bits(width: u8) -> f64 {
    f64::from(width) + f64::from(width - 1).exp2()
}
