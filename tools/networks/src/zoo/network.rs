use super::builder::Builder;
use super::counts::normalised;
use crate::graph::{Graph, NodeId, Role};
use brelu_core::geometry::Conv2d;

/// A built-in network and what published files call its parts.
#[derive(Clone, Debug)]
pub struct Network {
    /// The network, with its batch normalisation.
    pub graph: Graph,
    parameters: Vec<(NodeId, String)>,
    activations: Vec<(NodeId, String)>,
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
            let op = &self.graph[*node].op;
            for (role, values) in op.parameters() {
                if role == Role::Bias && normalised.contains(node) {
                    continue;
                }
                let shape = match op.geometry() {
                    Some(geometry) if role == Role::Weights => sizes(geometry, prefix.ends_with(".fc")),
                    _ => vec![values.len()],
                };
                slots.push(Slot { node: *node, role, name: format!("{prefix}.{}", suffix(role)), shape });
            }
        }
        slots
    }

    /// The values of a place.
    pub fn values(&mut self, slot: &Slot) -> Option<&mut Vec<f32>> {
        self.graph.nodes[slot.node.0].op.parameter_mut(slot.role)
    }
}

/// Of the weights; those of a fully connected layer have no rows and columns.
fn sizes(geometry: &Conv2d, flat: bool) -> Vec<usize> {
    let channels = [geometry.out_channels, geometry.group_inputs()].map(|size| size as usize);
    let kernel = geometry.kernel.map(usize::from);
    if flat { channels.into() } else { [channels, kernel].concat() }
}

/// What follows the layer's name.
const fn suffix(role: Role) -> &'static str {
    match role {
        Role::Weights | Role::Scale => "weight",
        Role::Bias | Role::Shift => "bias",
        Role::Mean => "running_mean",
        Role::Variance => "running_var",
    }
}

impl Slot {
    /// Whether it scores classes: its first size is their number.
    pub fn is_scores(&self) -> bool {
        ["head.fc.", "decode_head.conv_seg."].iter().any(|scope| self.name.starts_with(scope))
    }
}
