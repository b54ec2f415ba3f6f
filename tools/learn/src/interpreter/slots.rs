//! What is learned of a graph.

use brelu_networks::graph::{NodeId, Op};

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Weights of a convolution, in ONNX order.
    Weights,
    /// A summand a channel of a convolution.
    Bias,
    /// A factor a channel, of a norm or an affine map.
    Scale,
    /// A summand a channel, of a norm or an affine map.
    Shift,
}

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

pub(super) fn value(op: &Op, role: Role) -> Option<&[f32]> {
    match (op, role) {
        (Op::Conv { weights, .. }, Role::Weights) => Some(weights),
        (Op::Conv { bias, .. }, Role::Bias) => Some(bias),
        (Op::BatchNorm { scale, .. } | Op::Affine { scale, .. }, Role::Scale) => Some(scale),
        (Op::BatchNorm { shift, .. } | Op::Affine { shift, .. }, Role::Shift) => Some(shift),
        _ => None,
    }
}

pub(super) fn value_mut(op: &mut Op, role: Role) -> Option<&mut Vec<f32>> {
    match (op, role) {
        (Op::Conv { weights, .. }, Role::Weights) => Some(weights),
        (Op::Conv { bias, .. }, Role::Bias) => Some(bias),
        (Op::BatchNorm { scale, .. } | Op::Affine { scale, .. }, Role::Scale) => Some(scale),
        (Op::BatchNorm { shift, .. } | Op::Affine { shift, .. }, Role::Shift) => Some(shift),
        _ => None,
    }
}
