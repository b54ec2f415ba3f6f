//! Ranges that calibration images may have missed.
//!
//! A channel whose inputs hardly ever fire on the calibration images shows little but its bias, and would get a range
//! that the first image on which they do fire exceeds many times. So a linear map is granted at least a part of what its
//! inputs could add up to: the Euclidean norm, over the input channels, of what each of them can add at most when it takes
//! its largest value everywhere, around the bias.

use brelu_core::plan::{Channel, Local};

use super::calibrate::Seen;
use super::net::{Id, Net, Op, Term};
use super::scales::Groups;

/// The granted part of the norm. Layers of one pixel show one value an image, so that their largest is known badly.
const fn part(plane: usize) -> f32 {
    if plane == 1 { 1.5 } else { 0.5 }
}

/// Lowest and highest value a channel is granted.
type Span = [f32; 2];

const NOTHING: Span = [f32::INFINITY, f32::NEG_INFINITY];

/// Widens what was seen of the inputs of activations by what linear maps are granted.
pub(super) fn widen(net: &Net, seen: &mut [Vec<Seen>]) {
    let mut spans: Vec<Vec<Span>> = Vec::new();
    for (id, node) in net.nodes.iter().enumerate() {
        spans.push(granted(net, id, seen, &spans));
        if let Op::Activation { input, channels, functions, .. } = &node.op {
            for (index, (channel, function)) in channels.iter().zip(functions).enumerate() {
                let [low, high] = spans[*input][index];
                let range = &mut seen[*input][index];
                (range.low, range.high) = (range.low.min(low), range.high.max(high));
                if matches!(channel, Channel::Blocks { .. }) {
                    // Values minus the places of knots are compared in the same ring.
                    let places = || function.knots().iter().map(|knot| knot.at);
                    range.low = range.low.min(range.low - places().fold(0.0, f32::max));
                    range.high = range.high.max(range.high - places().fold(0.0, f32::min));
                }
                let largest = range.largest();
                if matches!(channel, Channel::Blocks { height: 1, width: 1, .. }) {
                    seen[id][index].block = largest;
                }
            }
        }
    }
}

/// What the channels of a node are granted, given the nodes before it.
fn granted(net: &Net, id: Id, seen: &[Vec<Seen>], before: &[Vec<Span>]) -> Vec<Span> {
    let node = &net.nodes[id];
    match &node.op {
        Op::Linear { terms, bias } => linear(net, terms, bias, seen, part(node.shape.plane())),
        Op::Local(Local::Add { subtract: false, .. } | Local::Concat { .. } | Local::Permute { .. }) => {
            let mut spans = vec![NOTHING; node.shape.channels as usize];
            net.origins(node, |origin| {
                let ([low, high], own) = (before[origin.input][origin.source], &mut spans[origin.channel]);
                *own = [own[0].min(low), own[1].max(high)];
            });
            spans
        }
        _ => vec![NOTHING; node.shape.channels as usize],
    }
}

fn linear(net: &Net, terms: &[Term], bias: &[f32], seen: &[Vec<Seen>], part: f32) -> Vec<Span> {
    let mut squares = vec![[0.0; 2]; bias.len()];
    terms.iter().for_each(|term| add_squares(net, term, &seen[term.input], &mut squares));
    let reach = squares.into_iter().map(|both| both.map(|square: f32| part * square.sqrt()));
    reach.zip(bias).map(|([low, high], bias)| [bias - low, bias + high]).collect()
}

/// Adds the squares of what every input channel subtracts and adds at most.
fn add_squares(net: &Net, term: &Term, inputs: &[Seen], squares: &mut [[f32; 2]]) {
    let group = Groups::of(term);
    for (output, weights) in term.weights().chunks(term.map().fan_in()).enumerate() {
        for (index, kernel) in weights.chunks(group.kernel).enumerate() {
            let from = group.first(output) + index;
            let Seen { low, high, .. } = inputs[from];
            let (low, high) = (low.min(0.0), upper_bound(net, term.input, from).unwrap_or(high.max(0.0)));
            let most = kernel.iter().map(|weight| (weight * low).max(weight * high)).sum::<f32>();
            let least = kernel.iter().map(|weight| (weight * low).min(weight * high)).sum::<f32>();
            squares[output][0] += least * least;
            squares[output][1] += most * most;
        }
    }
}

/// The largest value of a channel of an activation that has one.
fn upper_bound(net: &Net, id: Id, channel: usize) -> Option<f32> {
    let Op::Activation { channels, functions, .. } = &net.nodes[id].op else { return None };
    let single = matches!(channels.get(channel)?, Channel::Blocks { height: 1, width: 1, .. });
    let [_, bound] = functions.get(channel)?.bounds();
    Some(bound).filter(|bound| single && bound.is_finite())
}
