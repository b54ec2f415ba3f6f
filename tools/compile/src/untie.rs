//! Additions of tensors that are far apart.
//!
//! An addition ties the scales of what it adds, and a chain of them ties all it runs through: what is small would get the
//! unit of what is large, and whoever else reads it would see it coarsely. A linear layer ties nothing. So where a tensor is
//! much smaller than the largest it is tied to, the addition becomes one more term, with the weight one, of the linear
//! layer that computes the other summand: no bit more is sent. Where there is no such layer the addition becomes one.

use brelu_core::plan::{Channel, Local, MAX_TERMS};

use super::CompileError;
use super::calibrate::Seen;
use super::lower::depthwise;
use super::net::{Id, Net, Node, Op, Term};
use super::ties::{self, Ties};

/// How many times smaller than the largest a tensor may be that stays tied: to a linear layer, which costs nothing to
/// avoid, and to another tensor.
const FREE: f32 = 4.0;
const PAID: f32 = 16.0;

/// Unties what is too small, in `net` and in what was `seen` of its nodes.
pub(super) fn untie(net: &mut Net, seen: &mut Vec<Vec<Seen>>) -> Result<(), CompileError> {
    let ties = Ties::new(net, ties::USUAL)?;
    let largest = largest(&ties, seen);
    let small = |id: Id, times: f32| {
        let channels = seen[id].iter().enumerate().filter(|(_, seen)| seen.largest() > 0.0);
        let mut ratios: Vec<f32> = channels
            .map(|(channel, seen)| {
                let (class, factor) = ties.class(id, channel);
                largest[class] * factor as f32 / seen.largest()
            })
            .collect();
        ratios.sort_by(f32::total_cmp);
        ratios.get(ratios.len() / 2).is_some_and(|ratio| *ratio >= times)
    };
    let mut absorbed = vec![false; net.nodes.len()];
    for id in 0..net.nodes.len() {
        let Op::Local(Local::Add { inputs: [left, right], subtract: false }) = net.nodes[id].op else {
            continue;
        };
        if net.nodes[id].wide {
            continue;
        }
        let layer = [(left, right), (right, left)].into_iter().find_map(|(layer, other)| {
            let other = in_large_ring(net, other, id).filter(|_| small(other, FREE))?;
            (private(net, layer, id) && !absorbed[layer]).then_some((layer, other))
        });
        if let Some((layer, other)) = layer {
            let Op::Linear { terms, bias } = net.nodes[layer].op.clone() else { continue };
            if terms.len() < MAX_TERMS {
                absorbed[layer] = true;
                net.nodes[id].op = sum(net, id, terms, bias, &[other])?;
            }
        } else if [left, right].iter().any(|side| small(*side, PAID))
            && [left, right].iter().all(|side| net.nodes[*side].wide)
        {
            let bias = vec![0.0; net.shape(id).channels as usize];
            net.nodes[id].op = sum(net, id, Vec::new(), bias, &[left, right])?;
        }
    }
    remove(net, seen, &absorbed);
    Ok(())
}

/// The largest magnitude of every class, in terms of its own scale.
fn largest(ties: &Ties, seen: &[Vec<Seen>]) -> Vec<f32> {
    let mut largest = vec![0f32; ties.len()];
    for (id, channels) in seen.iter().enumerate() {
        for (channel, seen) in channels.iter().enumerate() {
            let (class, factor) = ties.class(id, channel);
            largest[class] = largest[class].max(seen.largest() / factor as f32);
        }
    }
    largest
}

/// The same tensor in Z_2^K, if there is one before node `before`.
fn in_large_ring(net: &Net, id: Id, before: Id) -> Option<Id> {
    if net.nodes[id].wide {
        return Some(id);
    }
    (id..before).find(|at| {
        let Node { op, wide, .. } = &net.nodes[*at];
        let passes = |channel: &Channel| *channel == Channel::Identity;
        *wide && op.is_activation() && op.inputs() == [id] && op.channels().iter().all(passes)
    })
}

/// Whether a node is a linear layer that only `reader` reads, once.
fn private(net: &Net, id: Id, reader: Id) -> bool {
    let reads = |at: Id| net.nodes[at].op.inputs().into_iter().filter(|input| *input == id).count();
    let all: usize = (0..net.nodes.len()).map(reads).sum();
    net.nodes[id].op.is_linear() && all == 1 && reads(reader) == 1
}

/// A linear layer that adds `others` to what `terms` and `bias` give.
fn sum(net: &Net, id: Id, mut terms: Vec<Term>, bias: Vec<f32>, others: &[Id]) -> Result<Op, CompileError> {
    let shape = net.shape(id);
    for other in others {
        let one = vec![1.0; shape.channels as usize];
        terms.push(Term::new(*other, depthwise(shape, [1; 2]), one)?);
    }
    Ok(Op::Linear { terms, bias })
}

fn remove(net: &mut Net, seen: &mut Vec<Vec<Seen>>, absorbed: &[bool]) {
    let mut left = 0;
    let positions: Vec<Id> = absorbed
        .iter()
        .map(|gone| {
            left += usize::from(!gone);
            left.saturating_sub(1)
        })
        .collect();
    let kept = |index: &mut usize| {
        *index += 1;
        !absorbed[*index - 1]
    };
    let (mut node, mut channels) = (0, 0);
    net.nodes.retain(|_| kept(&mut node));
    seen.retain(|_| kept(&mut channels));
    net.nodes.iter_mut().for_each(|node| node.op = node.op.renamed(|input| positions[input]));
}
