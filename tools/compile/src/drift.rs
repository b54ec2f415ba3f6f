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

use brelu_core::plan::{Axis, Channel, Edge};

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
        let read = |input: Id| match net.nodes[input].op {
            Op::Linear { .. } => vec![0.0; all[input].len()],
            _ => all[input].clone(),
        };
        let unit = |index: usize| match &node.op {
            Op::Activation { input, .. } => scales.of(*input, index),
            _ => 0.0,
        };
        let of = |index: usize| own(&seen[id][index], unit(index), channels[id][index]);
        all.push(node_drift(net, node, read, &seen[id], of));
    }
    all
}

fn node_drift(
    net: &Net,
    node: &Node,
    read: impl Fn(Id) -> Vec<f64>,
    seen: &[Seen],
    own: impl Fn(usize) -> f64,
) -> Vec<f64> {
    match &node.op {
        Op::Input => vec![0.0; node.shape.channels as usize],
        Op::Linear { terms, bias } => {
            let mut sums = vec![0.0; bias.len()];
            terms.iter().for_each(|term| add_term(term, &read(term.input), &mut sums));
            sums
        }
        Op::Add { left, right, subtract } => {
            let sign = if *subtract { -1.0 } else { 1.0 };
            read(*left).iter().zip(read(*right)).map(|(left, right)| left + sign * right).collect()
        }
        Op::Mean { input, .. } => read(*input),
        Op::Concat { inputs } => inputs.iter().flat_map(|input| read(*input)).collect(),
        Op::View { input, axes, edge } => view(&read(*input), node, axes, *edge),
        Op::Reshape { input } => reshape(&read(*input), net.shape(*input).plane(), node),
        Op::Activation { input, .. } => {
            let passing = read(*input).into_iter().zip(seen);
            passing.enumerate().map(|(at, (drift, seen))| drift * f64::from(seen.passing) + own(at)).collect()
        }
    }
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

fn add_term(term: &Term, input: &[f64], sums: &mut [f64]) {
    let group = Groups::of(term);
    for (output, weights) in term.weights().chunks(term.map().fan_in()).enumerate() {
        for (index, kernel) in weights.chunks(group.kernel).enumerate() {
            let weight: f64 = kernel.iter().map(|weight| f64::from(*weight)).sum();
            sums[output] += weight * input[group.first(output) + index];
        }
    }
}

fn view(input: &[f64], node: &Node, axes: &[Axis; 3], edge: Edge) -> Vec<f64> {
    let source = |channel| edge.resolve(axes[0].source(channel), input.len() as u32);
    (0..node.shape.channels).map(|channel| source(channel).map_or(0.0, |at| input[at as usize])).collect()
}

/// The mean over the elements of every new channel.
fn reshape(input: &[f64], plane: usize, node: &Node) -> Vec<f64> {
    let to = node.shape.plane();
    let mean = |channel: usize| {
        let elements = channel * to..(channel + 1) * to;
        elements.map(|element| input[element / plane.max(1)]).sum::<f64>() / to as f64
    };
    (0..node.shape.channels as usize).map(mean).collect()
}
