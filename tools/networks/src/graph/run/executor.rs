use super::super::ops::Tensor;
use super::super::{Graph, GraphError, Node, NodeId};
use super::Scratch;
use crate::activation::{Function, Functions};
use crate::blocks::{BlockRelu, BlockSize, Spec, SpecError, SpecLayer};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why a graph could not be computed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// The input has the wrong number of elements.
    #[error("the network takes {expected} input values but was given {given}")]
    Input {
        /// Elements of the input shape.
        expected: usize,
        /// Elements given.
        given: usize,
    },
    /// The graph was changed into something inconsistent.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// A checked graph and the order in which its tensors can be forgotten. Single threaded and shareable: run it from
/// many threads, each with its own [`Scratch`].
#[derive(Clone, Debug)]
pub struct Executor<'graph> {
    graph: &'graph Graph,
    /// For every node, the tensors nobody reads after it.
    ended: Vec<Vec<NodeId>>,
    /// Activations that decide by blocks.
    blocks: BTreeMap<usize, BlockRelu>,
}

impl<'graph> Executor<'graph> {
    /// Checks the graph and plans the lifetime of its tensors.
    ///
    /// # Errors
    /// If the graph is inconsistent.
    pub fn new(graph: &'graph Graph) -> Result<Self, GraphError> {
        graph.check()?;
        Ok(Self { graph, ended: graph.lifetimes(), blocks: BTreeMap::new() })
    }

    /// The same with block-ReLU in the layers that `spec` lists.
    ///
    /// # Errors
    /// If the spec does not fit the graph.
    pub fn with_spec(self, spec: &Spec) -> Result<Self, SpecError> {
        spec.check_for(self.graph)?;
        let sizes = |layer: &SpecLayer| layer.channels.iter().map(|choice| choice.block).collect();
        Ok(self.with_sizes(|node| spec.layer(&node.name).map(sizes)))
    }

    /// The same with blocks of the sizes that `of` gives the channels of an activation, if it gives any.
    pub fn with_sizes(mut self, of: impl Fn(&Node) -> Option<Vec<BlockSize>>) -> Self {
        for (id, node) in self.graph.iter() {
            if let Some(sizes) = of(node) {
                self.blocks.insert(id.0, BlockRelu::new(node.shape, &sizes));
            }
        }
        self
    }

    /// The graph this computes.
    pub const fn graph(&self) -> &'graph Graph {
        self.graph
    }

    /// The output for one image.
    ///
    /// # Errors
    /// If `input` has the wrong length.
    pub fn run(&self, input: &[f32]) -> Result<Vec<f32>, RunError> {
        self.run_with(input, &mut Scratch::default(), &mut |_, _, _| ())
    }

    /// The output for one image, in memory kept from earlier runs; shows `observer` every tensor as it is computed.
    ///
    /// # Errors
    /// If `input` has the wrong length.
    pub fn run_with(
        &self,
        input: &[f32],
        scratch: &mut Scratch,
        observer: &mut impl FnMut(NodeId, &Node, &[f32]),
    ) -> Result<Vec<f32>, RunError> {
        let expected = self.graph.input_shape().len();
        if input.len() != expected {
            return Err(RunError::Input { expected, given: input.len() });
        }
        let mut tensors: Vec<Vec<f32>> = vec![Vec::new(); self.graph.nodes.len()];
        for (id, node) in self.graph.iter() {
            let mut out = scratch.take(node.shape.len());
            self.compute(id, node, input, &tensors, scratch, &mut out);
            observer(id, node, &out);
            tensors[id.0] = out;
            for past in &self.ended[id.0] {
                scratch.give(std::mem::take(&mut tensors[past.0]));
            }
        }
        Ok(std::mem::take(&mut tensors[self.graph.output.0]))
    }

    fn compute(
        &self,
        id: NodeId,
        node: &Node,
        input: &[f32],
        tensors: &[Vec<f32>],
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let of = |id: &NodeId| Tensor { shape: self.graph[*id].shape, values: &tensors[id.0] };
        let mut inputs: Vec<Tensor<'_>> = node.inputs.iter().map(of).collect();
        if inputs.is_empty() {
            inputs.push(Tensor { shape: node.shape, values: input });
        }
        match self.blocks.get(&id.0).zip(node.op.functions()) {
            Some((layer, functions)) => blocks(layer, functions, inputs[0].values, out),
            None => node.op.operator().run(&inputs, node.shape, &mut scratch.memory, out),
        }
    }
}

fn blocks(layer: &BlockRelu, functions: &Functions, x: &[f32], out: &mut [f32]) {
    out.copy_from_slice(x);
    for (channel, plane) in out.chunks_exact_mut(layer.shape().plane()).enumerate() {
        match functions.get(channel) {
            Function::Smooth(smooth) if layer.size(channel) == BlockSize::RELU => {
                plane.iter_mut().for_each(|z| *z = smooth.of(*z));
            }
            function => layer.activate(channel, function.knotted(), plane),
        }
    }
}
