//! Which scale of a product follows from the others: the result's in units of `x` and the gate, or the gate's in those of
//! `x` and the result, as weights of a linear layer have the unit that its input and output leave them.

use super::net::{Id, Net, Op};
use super::ties::Ties;

/// The tensor of a product whose scale nothing else asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Free {
    /// The result.
    Result,
    /// The gate, where the result is tied to another tensor, as by an addition.
    Gate,
    /// Neither.
    Nothing,
}

/// For every node that is a product, which of its scales is free.
pub(super) fn free(net: &Net, ties: &Ties) -> Vec<Option<Free>> {
    let classes = Classes::of(net, ties);
    let of = |id: Id| match net.nodes[id].op {
        Op::Product { inputs: [_, gate] } => Some(classes.free(net, id, gate)),
        _ => None,
    };
    (0..net.nodes.len()).map(of).collect()
}

/// What there is in every class of channels.
struct Classes<'a> {
    ties: &'a Ties,
    /// Channels whose scales are not those of what they are computed from.
    sources: Vec<u32>,
    /// Whether one of them is of no linear map.
    fixed: Vec<bool>,
    /// Channels of factors.
    factors: Vec<u32>,
}

impl<'a> Classes<'a> {
    fn of(net: &Net, ties: &'a Ties) -> Self {
        let count = ties.len();
        let mut classes =
            Self { ties, sources: vec![0; count], fixed: vec![false; count], factors: vec![0; count] };
        for (id, node) in net.nodes.iter().enumerate() {
            for channel in 0..node.shape.channels as usize {
                if matches!(node.op, Op::Input) || node.op.truncates() {
                    let class = ties.class(id, channel).0;
                    classes.sources[class] += 1;
                    classes.fixed[class] |= !node.op.is_linear();
                }
                if let Op::Product { inputs } = node.op {
                    inputs.iter().for_each(|input| classes.factors[ties.class(*input, channel).0] += 1);
                }
            }
        }
        classes
    }

    fn free(&self, net: &Net, id: Id, gate: Id) -> Free {
        let all = |of: Id, holds: &dyn Fn(usize) -> bool| {
            (0..net.shape(id).channels as usize).all(|channel| holds(self.ties.class(of, channel).0))
        };
        if all(id, &|class| self.sources[class] == 1) {
            return Free::Result;
        }
        let own = |class: usize| self.sources[class] == 1 && self.factors[class] == 1 && !self.fixed[class];
        if all(gate, &own) { Free::Gate } else { Free::Nothing }
    }
}
