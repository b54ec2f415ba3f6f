//! Scores without rounding: linear layers and products from which only local operations lead to the output drop no fraction
//! bits. What the client opens is exact then, and its low bits tell of nothing but the scores.
//!
//! There is always room: scores of n bits lie in `-2^(n-1) .. 2^(n-1)`, so what they are rounded from fits the K bits of its
//! accumulator. Values between may wrap, as everywhere.

use brelu_core::plan::{Header, Node, NodeId, Op, Plan};
use brelu_host::weights::{NodeWeights, Weights};

use super::CompileError;
use super::quantise::write;

/// `plan` and `weights` with an exact output, whose unit is 2^f times smaller. `None` if the output does not come from linear
/// layers and products of one fraction f by local operations alone, or if something else reads one of the tensors on the way.
pub(super) fn exact(plan: &Plan<'_>, weights: &Weights) -> Result<Option<(Vec<u8>, Weights)>, CompileError> {
    let mut nodes: Vec<Node<'_>> = plan.nodes().map(|(_, node)| node).collect();
    let Some(cone) = Cone::of(&nodes) else { return Ok(None) };
    let constants = (0..nodes.len()).filter_map(|id| cone.constants(id, weights)).collect();
    cone.widen(&mut nodes);
    let unit = plan.header().output_scale / f32::from(cone.fraction).exp2();
    let file = write(&Header { output_scale: unit, ..plan.header().clone() }, &nodes)?;
    let weights = Weights::new(&Plan::parse(&file)?, constants)?;
    Ok(Some((file, weights)))
}

/// The nodes that only the output is made of, down to the last linear ones.
struct Cone {
    contains: Vec<bool>,
    /// What its linear nodes and products drop.
    fraction: u8,
}

impl Cone {
    fn of(nodes: &[Node<'_>]) -> Option<Self> {
        let mut contains = vec![false; nodes.len()];
        *contains.last_mut()? = true;
        let mut fraction = None;
        for (id, node) in nodes.iter().enumerate().rev() {
            match node.op {
                _ if !contains[id] => {}
                Op::Local(_) => {
                    node.op.inputs().iter().for_each(|input| contains[usize::from(*input)] = true)
                }
                Op::Linear { fraction: own, .. } | Op::Product { fraction: own, .. }
                    if fraction.is_none_or(|other| other == own) =>
                {
                    fraction = Some(own);
                }
                _ => return None,
            }
        }
        let cone = Self { contains, fraction: fraction? };
        let fits = |(id, node): (usize, &Node<'_>)| !cone.contains[id] || node.bits + cone.fraction <= 32;
        (cone.is_closed(nodes) && nodes.iter().enumerate().all(fits)).then_some(cone)
    }

    /// Whether nothing but its local operations reads its tensors.
    fn is_closed(&self, nodes: &[Node<'_>]) -> bool {
        let mut closed = true;
        for (id, node) in nodes.iter().enumerate() {
            if !self.contains[id] || !matches!(node.op, Op::Local(_)) {
                closed &= node.op.inputs().iter().all(|input| !self.contains[usize::from(*input)]);
            }
        }
        closed
    }

    /// Makes its linear nodes and products exact and all its tensors as wide as that takes.
    fn widen(&self, nodes: &mut [Node<'_>]) {
        for (node, _) in nodes.iter_mut().zip(&self.contains).filter(|(_, inside)| **inside) {
            node.bits += self.fraction;
            if let Op::Linear { fraction, .. } | Op::Product { fraction, .. } = &mut node.op {
                *fraction = 0;
            }
        }
    }

    /// The constants of a node. Weights and biases are in units of the accumulator already.
    fn constants(&self, id: usize, weights: &Weights) -> Option<(NodeId, NodeWeights)> {
        let mut constants = weights.get(id as NodeId)?.clone();
        if let NodeWeights::Offset(values) = &mut constants
            && self.contains[id]
        {
            values.iter_mut().for_each(|value| *value <<= self.fraction);
        }
        Some((id as NodeId, constants))
    }
}
