//! How wide the comparison window of each layer is.
//!
//! A window of `w` bits costs a table of 2^(w-1) bits a decision, and lets decisions go either way for block sums below
//! 2^-w of the range, which adds to the squared error of the outputs about in proportion to 4^-w. How much it adds in each
//! layer is measured, by narrowing one layer at a time. The cheapest windows for a given sum of errors are then those with
//! the same ratio of error to cost everywhere: 8^w proportional to the error a layer adds, over its decisions.

use brelu_core::plan::Channel;

use super::net::{Id, Net, Node, Op};

/// The narrowest window of a layer that has its own.
pub(super) const NARROWEST: u8 = 3;

/// What narrow windows do in one layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sensitivity {
    /// The activation layer.
    pub(super) id: Id,
    /// Squared error of the outputs that a window of `w` bits adds, times 4^w.
    pub(super) error: f64,
}

/// The activation layers that decide, with the number of their decisions.
pub(super) fn deciding(net: &Net) -> impl Iterator<Item = (Id, u64)> + '_ {
    net.nodes.iter().enumerate().map(|(id, node)| (id, decisions(node))).filter(|(_, count)| *count > 0)
}

fn decisions(node: &Node) -> u64 {
    let Op::Activation { channels, .. } = &node.op else { return 0 };
    let blocks = |channel: &Channel| match *channel {
        Channel::Blocks { height, width, .. } => {
            let rows = node.shape.height.div_ceil(u32::from(height));
            u64::from(rows) * u64::from(node.shape.width.div_ceil(u32::from(width)))
        }
        _ => 0,
    };
    channels.iter().map(blocks).sum()
}

/// The window of every node, at most `widest`: the larger `price`, the narrower.
pub(super) fn balanced(net: &Net, layers: &[Sensitivity], price: f64, widest: u8) -> Vec<u8> {
    let mut windows = vec![widest; net.nodes.len()];
    for layer in layers {
        let count = decisions(&net.nodes[layer.id]).max(1) as f64;
        let ideal = ((layer.error / count).log2() - price) / 3.0;
        windows[layer.id] = (ideal.round().clamp(0.0, 64.0) as u8).clamp(NARROWEST.min(widest), widest);
    }
    windows
}
