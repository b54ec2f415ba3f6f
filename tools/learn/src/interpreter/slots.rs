//! What is learned of a graph.

use brelu_networks::graph::{NodeId, Role};

/// One tensor that is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The node it belongs to.
    pub node: NodeId,
    /// What it is there.
    pub role: Role,
}

impl Slot {
    /// Whether weight decay pulls it towards zero: weights, but neither norms nor biases.
    pub const fn decays(&self) -> bool {
        matches!(self.role, Role::Weights)
    }
}

/// The slots of the layers so far.
#[derive(Debug, Default)]
pub(super) struct Slots {
    pub(super) all: Vec<Slot>,
    norms: usize,
}

impl Slots {
    /// The number of a new slot.
    pub(super) fn push(&mut self, node: NodeId, role: Role) -> usize {
        self.all.push(Slot { node, role });
        self.all.len() - 1
    }

    /// The number of the next norm.
    pub(super) fn next_norm(&mut self) -> usize {
        self.norms += 1;
        self.norms - 1
    }
}
