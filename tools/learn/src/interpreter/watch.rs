use std::sync::Mutex;

use burn::tensor::Tensor;

use super::Activation;
use brelu_networks::activation::Functions;
use brelu_networks::graph::NodeId;

/// Another activation, and what came of it in some nodes.
pub struct Watched<'a> {
    inner: &'a dyn Activation,
    nodes: &'a [NodeId],
    seen: Mutex<Vec<(NodeId, Tensor<4>)>>,
}

impl<'a> Watched<'a> {
    /// Computes `inner` and keeps the outputs of `nodes`.
    pub fn new(inner: &'a dyn Activation, nodes: &'a [NodeId]) -> Self {
        Self { inner, nodes, seen: Mutex::default() }
    }

    /// The outputs of the nodes that were computed, in the order of the graph.
    pub fn seen(self) -> Vec<Tensor<4>> {
        let mut seen = self.seen.into_inner().unwrap_or_default();
        seen.sort_by_key(|(node, _)| node.0);
        seen.into_iter().map(|(_, tensor)| tensor).collect()
    }
}

impl Activation for Watched<'_> {
    fn apply(&self, id: NodeId, functions: &Functions, z: Tensor<4>) -> Tensor<4> {
        let output = self.inner.apply(id, functions, z);
        if self.nodes.contains(&id)
            && let Ok(mut seen) = self.seen.lock()
        {
            seen.push((id, output.clone()));
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use brelu_core::geometry::Shape;
    use burn::tensor::Device;

    use super::*;
    use crate::interpreter::{Interpreter, Plain, values};
    use brelu_networks::graph::{Graph, Op};

    #[test]
    fn only_the_nodes_that_are_named() {
        let mut graph = Graph::new("g", "x", Shape::new(1, 1, 2)).unwrap();
        for name in ["a", "b", "c"] {
            graph.push(name, Op::relu(), &[graph.output]).unwrap();
            let affine = Op::Affine { scale: vec![2.0], shift: vec![-1.0] };
            graph.push(format!("{name}+"), affine, &[graph.output]).unwrap();
        }
        let nodes = [NodeId(5), NodeId(1)];
        let watched = Watched::new(&Plain, &nodes);
        let interpreter = Interpreter::new(&graph, &Device::flex()).unwrap();
        let output = interpreter.run(interpreter.batch([&[1.5f32, -3.0][..]]), &watched);
        assert_eq!(values(output), [5.0, -1.0]);
        let seen: Vec<_> = watched.seen().into_iter().map(values).collect();
        assert_eq!(seen, [[1.5, 0.0], [3.0, 0.0]]);
    }
}
