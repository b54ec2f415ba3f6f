use super::super::{Graph, GraphError, Node, NodeId, Op};
use super::{Scratch, conv, elementwise, pool, view};
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
    done: Vec<Vec<NodeId>>,
}

impl<'graph> Executor<'graph> {
    /// Checks the graph and plans the lifetime of its tensors.
    ///
    /// # Errors
    /// If the graph is inconsistent.
    pub fn new(graph: &'graph Graph) -> Result<Self, GraphError> {
        graph.check()?;
        let mut done = vec![Vec::new(); graph.nodes.len()];
        for ((id, _), readers) in graph.iter().zip(graph.consumers()) {
            let last = readers.last().copied().unwrap_or(id);
            if id != graph.output {
                done[last.0].push(id);
            }
        }
        Ok(Self { graph, done })
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
            self.compute(node, input, &tensors, scratch, &mut out);
            observer(id, node, &out);
            tensors[id.0] = out;
            for past in &self.done[id.0] {
                scratch.give(std::mem::take(&mut tensors[past.0]));
            }
        }
        Ok(std::mem::take(&mut tensors[self.graph.output.0]))
    }

    fn compute(
        &self,
        node: &Node,
        input: &[f32],
        tensors: &[Vec<f32>],
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let xs: Vec<&[f32]> = node.inputs.iter().map(|id| tensors[id.0].as_slice()).collect();
        let x = xs.first().copied().unwrap_or(input);
        let from = node.inputs.first().map_or(node.shape, |id| self.graph[*id].shape);
        match &node.op {
            Op::Input | Op::Reshape(_) => out.copy_from_slice(x),
            Op::Conv { geometry, weights, bias } => {
                conv::conv(geometry, weights, bias, x, &mut scratch.columns, out);
            }
            Op::Affine { scale, shift } => elementwise::affine(scale, shift, node.shape.plane(), x, out),
            Op::Relu => elementwise::clip(f32::INFINITY, x, out),
            Op::Clip { max } => elementwise::clip(*max, x, out),
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
