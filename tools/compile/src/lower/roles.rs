//! Which nodes are lowered on their own, and which become part of the node that reads them.

use brelu_core::plan::MAX_TERMS;

use super::super::spec::is_pointwise;
use super::super::{BlockSpec, CompileError};
use brelu_networks::graph::{Graph, NodeId, Op};

/// What becomes of every node.
pub(super) struct Roles {
    /// How often a node is read by nodes the output depends on, the output once more.
    uses: Vec<usize>,
    absorbed: Vec<bool>,
    /// The convolutions an addition sums, if it sums nothing else.
    terms: Vec<Vec<NodeId>>,
}

impl Roles {
    pub(super) fn new(graph: &Graph, spec: &BlockSpec) -> Result<Self, CompileError> {
        let len = graph.nodes.len();
        let mut roles = Self { uses: graph.uses(), absorbed: vec![false; len], terms: vec![Vec::new(); len] };
        for (id, node) in graph.iter() {
            match node.op {
                _ if roles.uses[id.0] == 0 => {}
                Op::Add => roles.sum(graph, id),
                Op::MaxPool(_) => roles.pool(graph, spec, node.inputs[0])?,
                _ => {}
            }
        }
        Ok(roles)
    }

    /// Whether the node has a tensor of its own in the plan.
    pub(super) fn is_lowered(&self, id: NodeId) -> bool {
        self.uses[id.0] > 0 && !self.absorbed[id.0]
    }

    /// Whether the node is computed by its only reader.
    pub(super) fn is_absorbed(&self, id: NodeId) -> bool {
        self.absorbed[id.0]
    }

    /// The convolutions that addition `id` sums; empty if it is a plain addition.
    pub(super) fn terms(&self, id: NodeId) -> &[NodeId] {
        &self.terms[id.0]
    }

    fn sum(&mut self, graph: &Graph, id: NodeId) {
        let mut terms = Vec::new();
        for input in &graph[id].inputs {
            let once = self.uses[input.0] == 1;
            match graph[*input].op {
                Op::Conv { .. } if once => terms.push(*input),
                Op::Add if once && !self.terms(*input).is_empty() => terms.extend(self.terms(*input)),
                _ => return,
            }
        }
        if terms.len() <= MAX_TERMS {
            graph[id].inputs.iter().for_each(|input| self.absorbed[input.0] = true);
            self.terms[id.0] = terms;
        }
    }

    /// ReLU before max-pooling moves behind it, also out of a concatenation.
    fn pool(&mut self, graph: &Graph, spec: &BlockSpec, input: NodeId) -> Result<(), CompileError> {
        let parts = self.parts(graph, input);
        for part in &parts {
            if !self.commutes(graph, spec, *part)? {
                return Ok(());
            }
        }
        parts.iter().chain([&input]).for_each(|id| self.absorbed[id.0] = true);
        Ok(())
    }

    /// The tensors that `input` joins for its only reader; itself if it is no such join.
    pub(super) fn parts(&self, graph: &Graph, input: NodeId) -> Vec<NodeId> {
        match graph[input].op {
            Op::Concat if self.uses[input.0] == 1 => graph[input].inputs.clone(),
            _ => vec![input],
        }
    }

    fn commutes(&self, graph: &Graph, spec: &BlockSpec, id: NodeId) -> Result<bool, CompileError> {
        let node = &graph[id];
        let Op::Activation(functions) = &node.op else { return Ok(false) };
        if self.uses[id.0] != 1 || !functions.is_monotone() {
            return Ok(false);
        }
        Ok(spec.channels(&node.name, node.shape)?.iter().all(is_pointwise))
    }
}
