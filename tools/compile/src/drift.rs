//! What comparisons take away on average, for the next layers to give back.
//!
//! A comparison whose window begins at bit `lo` of a channel with unit `s` sees values below `h = s 2^(lo-1)` through a
//! random mask, and decides a value `z` the wrong way with probability `(1 - |z| / h) / 2`. Positive values become zero
//! then and negative ones pass: either makes the sum of a layer smaller. With the density `p` of values near zero the
//! mean of that is
//!
//! ```text
//! -integral of |z| (1 - |z| / h) / 2 p dz over -h .. h = -p h^2 / 6
//! ```
//!
//! for every output, the same for all pixels of a channel; a linear layer would add it up coherently over what it reads.
//! Its bias therefore gives it back (bias correction as in Nagel et al., Data-free quantization, 2019, section 4.2, for
//! another cause of the shift). Where a channel reaches into a padding of zeros it is given back too much.

use brelu_core::plan::Channel;

use super::calibrate::Seen;
use super::net::{Id, Net, Node, Op, Term};
use super::scales::{Groups, Scales};

/// The mean error of every channel of every node, before linear layers give it back; `channels` are those of activations,
/// with the positions of their windows.
pub(super) fn drift(
    net: &Net,
    scales: &Scales,
    seen: &[Vec<Seen>],
    channels: &[Vec<Channel>],
) -> Vec<Vec<f64>> {
    let mut all: Vec<Vec<f64>> = Vec::with_capacity(net.nodes.len());
    for (id, node) in net.nodes.iter().enumerate() {
        // What a linear layer reads off the mark it gives back: those after it see nothing.
        let read = |input: Id, channel: usize| {
            if net.nodes[input].op.is_linear() { 0.0 } else { all[input][channel] }
        };
        let of =
            |input: Id, index: usize| own(&seen[id][index], scales.of(input, index), channels[id][index]);
        all.push(node_drift(net, node, read, &seen[id], of));
    }
    all
}

fn node_drift(
    net: &Net,
    node: &Node,
    read: impl Fn(Id, usize) -> f64,
    seen: &[Seen],
    own: impl Fn(Id, usize) -> f64,
) -> Vec<f64> {
    let mut sums = vec![0.0; node.shape.channels as usize];
    match &node.op {
        Op::Linear { terms, .. } => {
            terms.iter().for_each(|term| add_term(term, |channel| read(term.input, channel), &mut sums));
        }
        Op::Activation { input, .. } => {
            for (at, (sum, seen)) in sums.iter_mut().zip(seen).enumerate() {
                *sum = read(*input, at) * f64::from(seen.passing) + own(*input, at);
            }
        }
        // What the gate is off the mark is as often one way as the other.
        Op::Product { inputs: [x, _] } => {
            for (at, (sum, seen)) in sums.iter_mut().zip(seen).enumerate() {
                *sum = read(*x, at) * f64::from(seen.passing);
            }
        }
        _ => net.origins(node, |origin| {
            let part = if origin.negated { -origin.part } else { origin.part };
            sums[origin.channel] += part * read(origin.input, origin.source);
        }),
    }
    sums
}

/// What the comparison of one channel adds on average, in real units.
fn own(seen: &Seen, scale: f64, channel: Channel) -> f64 {
    match channel {
        Channel::Blocks { height: 1, width: 1, lo } if lo > 0 => {
            let half = scale * f64::from(lo - 1).exp2();
            -f64::from(seen.density) * half * half / 6.0
        }
        _ => 0.0,
    }
}

fn add_term(term: &Term, input: impl Fn(usize) -> f64, sums: &mut [f64]) {
    let group = Groups::of(term);
    for (output, weights) in term.weights().chunks(term.map().fan_in()).enumerate() {
        for (index, kernel) in weights.chunks(group.kernel).enumerate() {
            let weight: f64 = kernel.iter().map(|weight| f64::from(*weight)).sum();
            sums[output] += weight * input(group.first(output) + index);
        }
    }
}
