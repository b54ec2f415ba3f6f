use super::super::{Graph, GraphError, Node, NodeId, Op};
use super::{Scratch, conv, elementwise, pool, view};
use crate::blocks::{BlockRelu, Spec, SpecError};
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
    pub fn with_spec(mut self, spec: &Spec) -> Result<Self, SpecError> {
        spec.check_for(self.graph)?;
        for (id, node) in self.graph.iter() {
            if let Some(layer) = spec.layer(&node.name) {
                self.blocks.insert(id.0, BlockRelu::of(layer, node.shape));
            }
        }
        Ok(self)
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
        let xs: Vec<&[f32]> = node.inputs.iter().map(|id| tensors[id.0].as_slice()).collect();
        let x = xs.first().copied().unwrap_or(input);
        let from = node.inputs.first().map_or(node.shape, |id| self.graph[*id].shape);
        if let Some(layer) = self.blocks.get(&id.0) {
            return blocks(layer, &node.op, x, out);
        }
        match &node.op {
            Op::Input | Op::Reshape(_) => out.copy_from_slice(x),
            Op::Conv { geometry, weights, bias } => {
                conv::conv(geometry, weights, bias, x, &mut scratch.columns, out);
            }
            Op::BatchNorm { .. } => {
                let [scale, shift] = node.op.affine().unwrap_or_default();
                elementwise::affine(&scale, &shift, node.shape.plane(), x, out);
            }
            Op::Affine { scale, shift } => elementwise::affine(scale, shift, node.shape.plane(), x, out),
            Op::Activation(functions) => elementwise::activate(functions, node.shape.plane(), x, out),
            Op::Add => elementwise::add(x, xs[1], out),
            Op::Concat => elementwise::concat(&xs, out),
            Op::MaxPool(window) => pool::max(window, from, node.shape, x, out),
            Op::AveragePool { window, count_include_pad } => {
                pool::average(window, *count_include_pad, from, node.shape, x, out);
            }
            Op::View { channels, rows, columns } => view::view([channels, rows, columns], from, x, out),
        }
    }
}

fn blocks(layer: &BlockRelu, op: &Op, x: &[f32], out: &mut [f32]) {
    let Op::Activation(functions) = op else { return };
    out.copy_from_slice(x);
    for (channel, plane) in out.chunks_exact_mut(layer.shape().plane()).enumerate() {
        layer.activate(channel, functions.get(channel), plane);
    }
}
