//! All tensors of a batch, kept, so that a changed one costs only what comes after it.

use burn::tensor::Tensor;

use super::{Activation, Interpreter};
use brelu_networks::graph::{Graph, NodeId};

/// When tensors are not needed any more.
pub(super) struct Lifetimes {
    /// For every node, the tensors nobody reads after it.
    done: Vec<Vec<NodeId>>,
}

impl Lifetimes {
    pub(super) fn new(graph: &Graph) -> Self {
        let mut done = vec![Vec::new(); graph.nodes.len()];
        for ((id, _), readers) in graph.iter().zip(graph.consumers()) {
            if id != graph.output {
                done[readers.last().copied().unwrap_or(id).0].push(id);
            }
        }
        Self { done }
    }

    /// Drops what nobody reads after node `id`.
    pub(super) fn forget(&mut self, id: NodeId, values: &mut [Option<Tensor<4>>]) {
        self.done[id.0].iter().filter(|past| **past != id).for_each(|past| values[past.0] = None);
    }
}

/// The tensors of all nodes for one batch.
#[derive(Clone, Debug)]
pub struct Trace {
    values: Vec<Tensor<4>>,
}

impl Trace {
    /// The tensor of node `id`.
    pub fn value(&self, id: NodeId) -> &Tensor<4> {
        &self.values[id.0]
    }
}

impl Interpreter {
    /// As [`Interpreter::run`], and keeps every tensor.
    pub fn trace(&self, input: Tensor<4>, activation: &dyn Activation) -> Trace {
        let mut values: Vec<Tensor<4>> = Vec::with_capacity(self.steps.len());
        for (id, node) in self.graph().iter() {
            let inputs = node.inputs.iter().map(|input| values[input.0].clone()).collect();
            values.push(self.step(id, node, inputs, &input, activation));
        }
        Trace { values }
    }

    /// The output if the tensor of node `changed` were `value`: computes what depends on it, takes the rest from `trace`.
    pub fn rerun(
        &self,
        trace: &Trace,
        changed: NodeId,
        value: Tensor<4>,
        activation: &dyn Activation,
    ) -> Tensor<4> {
        let mut values: Vec<Option<Tensor<4>>> = vec![None; self.steps.len()];
        values[changed.0] = Some(value);
        let mut lifetimes = Lifetimes::new(self.graph());
        for (id, node) in self.graph().iter().skip(changed.0 + 1) {
            if node.inputs.iter().any(|input| values[input.0].is_some()) {
                let of =
                    |input: &NodeId| values[input.0].clone().unwrap_or_else(|| trace.value(*input).clone());
                let inputs: Vec<Tensor<4>> = node.inputs.iter().map(of).collect();
                values[id.0] = Some(self.step(id, node, inputs, trace.value(self.graph().input), activation));
            }
            lifetimes.forget(id, &mut values);
        }
        let output = self.graph().output;
        values[output.0].take().unwrap_or_else(|| trace.value(output).clone())
    }
}
