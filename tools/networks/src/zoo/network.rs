use super::builder::Builder;
use super::counts::normalised;
use crate::graph::{Graph, NodeId, Op};

/// A built-in network and what published files call its parts.
#[derive(Clone, Debug)]
pub struct Network {
    /// The network, with its batch normalisation.
    pub graph: Graph,
    parameters: Vec<(NodeId, String)>,
    activations: Vec<(NodeId, String)>,
}

/// What a published tensor is to its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Of a convolution or fully connected layer.
    Weight,
    /// Of a convolution or fully connected layer.
    Bias,
    /// What batch normalisation multiplies by.
    Scale,
    /// What batch normalisation adds.
    Shift,
    /// The running mean.
    Mean,
    /// The running variance.
    Variance,
}

/// A place for a published tensor.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The node.
    pub node: NodeId,
    /// What it is to the node.
    pub role: Role,
    /// What OpenMMLab's files call it.
    pub name: String,
    /// Sizes of the published tensor.
    pub shape: Vec<usize>,
}

impl Network {
    pub(super) fn new(builder: Builder) -> Self {
        let Builder { graph, parameters, activations, .. } = builder;
        Self { graph, parameters, activations }
    }

    /// The activations in the order of the network, and what the block specs of the paper's reference implementation call
    /// them.
    pub fn activations(&self) -> impl Iterator<Item = (NodeId, &str)> {
        self.activations.iter().map(|(id, name)| (*id, name.as_str()))
    }

    /// Places for all tensors of a published file.
    pub fn slots(&self) -> Vec<Slot> {
        let normalised = normalised(&self.graph);
        let mut slots = Vec::new();
        for (node, prefix) in &self.parameters {
            let mut push = |role, suffix, shape: Vec<usize>| {
                slots.push(Slot { node: *node, role, name: format!("{prefix}.{suffix}"), shape });
            };
            match &self.graph[*node].op {
                Op::Conv { geometry, bias, .. } => {
                    let sizes = [geometry.out_channels, geometry.group_inputs()].map(|size| size as usize);
                    let kernel = geometry.kernel.map(usize::from);
                    let flat = prefix.ends_with(".fc");
                    push(Role::Weight, "weight", if flat { sizes.into() } else { [sizes, kernel].concat() });
                    if !normalised.contains(node) {
                        push(Role::Bias, "bias", vec![bias.len()]);
                    }
                }
                Op::BatchNorm { scale, .. } => {
                    let shape = vec![scale.len()];
                    push(Role::Scale, "weight", shape.clone());
                    push(Role::Shift, "bias", shape.clone());
                    push(Role::Mean, "running_mean", shape.clone());
                    push(Role::Variance, "running_var", shape);
                }
                _ => {}
            }
        }
        slots
    }

    /// The values of a place.
    pub fn values(&mut self, slot: &Slot) -> Option<&mut Vec<f32>> {
        match (&mut self.graph.nodes[slot.node.0].op, slot.role) {
            (Op::Conv { weights, .. }, Role::Weight) => Some(weights),
            (Op::Conv { bias, .. }, Role::Bias) => Some(bias),
            (Op::BatchNorm { scale, .. }, Role::Scale) => Some(scale),
            (Op::BatchNorm { shift, .. }, Role::Shift) => Some(shift),
            (Op::BatchNorm { mean, .. }, Role::Mean) => Some(mean),
            (Op::BatchNorm { variance, .. }, Role::Variance) => Some(variance),
            _ => None,
        }
    }
}

impl Slot {
    /// Whether it scores classes: its first size is their number.
    pub fn is_scores(&self) -> bool {
        ["head.fc.", "decode_head.conv_seg."].iter().any(|scope| self.name.starts_with(scope))
    }
}
