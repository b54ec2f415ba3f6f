//! All tensors of a batch, kept, so that a changed one costs only what comes after it.

use burn::tensor::Tensor;

use super::{Activation, Interpreter};
use brelu_networks::graph::NodeId;

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
        let given = self.given(activation);
        let mut values: Vec<Tensor<4>> = Vec::with_capacity(self.graph().nodes.len());
        for (id, node) in self.graph().iter() {
            let inputs = node.inputs.iter().map(|input| values[input.0].clone()).collect();
            values.push(self.network.compute(id, inputs, &input, &given, &mut Vec::new()));
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
        let mut values: Vec<Option<Tensor<4>>> = vec![None; self.graph().nodes.len()];
        values[changed.0] = Some(value);
        let (given, ended) = (self.given(activation), self.graph().lifetimes());
        let input = trace.value(self.graph().input);
        for (id, node) in self.graph().iter().skip(changed.0 + 1) {
            if node.inputs.iter().any(|input| values[input.0].is_some()) {
                let of =
                    |input: &NodeId| values[input.0].clone().unwrap_or_else(|| trace.value(*input).clone());
                let inputs: Vec<Tensor<4>> = node.inputs.iter().map(of).collect();
                values[id.0] = Some(self.network.compute(id, inputs, input, &given, &mut Vec::new()));
            }
            ended[id.0].iter().for_each(|past| values[past.0] = None);
        }
        let output = self.graph().output;
        values[output.0].take().unwrap_or_else(|| trace.value(output).clone())
    }
}
