//! The float network between an ONNX file and a plan: a small closed set of operations on tensors of
//! `channels x height x width`, one image at a time.
//!
//! [`Graph`] is in single assignment form: a node is its own output and names its inputs, which come before it.
//! An imported graph has the operations of its file, batch normalisation included, so that it can be trained and
//! written again. [`simplify`] brings it into the form the compiler expects, [`run`] computes either in `f32`.

mod axis;
pub mod convert;
mod error;
mod line;
mod op;
pub(crate) mod ops;
mod parameters;
mod readers;
mod run;
mod shape;
mod simplify;
mod window;

pub use axis::Axis;
pub use error::GraphError;
pub use op::Op;
pub use parameters::Role;
pub use run::{Executor, RunError, Scratch, run, run_observed};
pub(crate) use simplify::prune;
pub use simplify::simplify;
pub use window::Window;

use brelu_core::geometry::Shape;
use brelu_core::plan::Interpolation;
use std::ops::Index;

/// Most elements a tensor may have: larger sizes are mistakes or attacks, not networks.
pub const MAX_TENSOR_LEN: u64 = 1 << 28;

/// The position of a node in [`Graph::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

/// One operation and the tensor it computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What users and files call it; unique within an imported graph.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// The tensors it reads, in the order the operation names them.
    pub inputs: Vec<NodeId>,
    /// Shape of the tensor it computes.
    pub shape: Shape,
}

/// A network with one input and one output.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The network's name, for people.
    pub name: String,
    /// The nodes in topological order.
    pub nodes: Vec<Node>,
    /// The only [`Op::Input`].
    pub input: NodeId,
    /// The node whose tensor is the result.
    pub output: NodeId,
    /// How the result, if it is a map, is brought to the input's size by whoever reads it.
    pub interpolation: Interpolation,
    /// Whether the input is bytes in ONNX: pixel values 0 to 255 as they are, which the network scales itself.
    pub takes_bytes: bool,
}

impl Graph {
    /// A network that returns its input, to be extended with [`Graph::push`].
    ///
    /// # Errors
    /// If the shape is empty or beyond [`MAX_TENSOR_LEN`].
    pub fn new(name: impl Into<String>, input: impl Into<String>, shape: Shape) -> Result<Self, GraphError> {
        let input = input.into();
        shape::check(shape).map_err(|problem| GraphError::new(&input, problem))?;
        let node = Node { name: input, op: Op::Input, inputs: Vec::new(), shape };
        let (input, output) = (NodeId(0), NodeId(0));
        Ok(Self {
            name: name.into(),
            nodes: vec![node],
            input,
            output,
            interpolation: Interpolation::default(),
            takes_bytes: false,
        })
    }

    /// Appends a node and makes it the output.
    ///
    /// # Errors
    /// If the operation does not fit its inputs.
    pub fn push(&mut self, name: impl Into<String>, op: Op, inputs: &[NodeId]) -> Result<NodeId, GraphError> {
        let name = name.into();
        let shape = self
            .shape_of(&op, inputs, self.nodes.len())
            .map_err(|problem| GraphError::new(&name, problem))?;
        self.nodes.push(Node { name, op, inputs: inputs.to_vec(), shape });
        self.output = NodeId(self.nodes.len() - 1);
        Ok(self.output)
    }

    fn shape_of(&self, op: &Op, inputs: &[NodeId], before: usize) -> Result<Shape, String> {
        if inputs.iter().any(|id| id.0 >= before) {
            return Err("an input does not come before the node".into());
        }
        if matches!(op, Op::Input) {
            return Err("a network has one input".into());
        }
        let shapes: Vec<Shape> = inputs.iter().map(|id| self[*id].shape).collect();
        op.output(&shapes)
    }

    /// Verifies what [`Graph::push`] guarantees, for graphs that were changed by hand.
    ///
    /// # Errors
    /// Names the first node whose inputs, parameters or shape are inconsistent.
    pub fn check(&self) -> Result<(), GraphError> {
        let ends = [self.input, self.output];
        if ends.iter().any(|id| id.0 >= self.nodes.len()) || self[self.input].op != Op::Input {
            return Err(GraphError::new(&self.name, "the input or output is not a node of the network"));
        }
        for (position, node) in self.nodes.iter().enumerate() {
            let shape = match position == self.input.0 {
                true if node.inputs.is_empty() => shape::check(node.shape).map(|()| node.shape),
                true => Err("an input reads nothing".into()),
                false => self.shape_of(&node.op, &node.inputs, position),
            };
            let shape = shape.map_err(|problem| GraphError::new(&node.name, problem))?;
            if shape != node.shape {
                return Err(GraphError::new(
                    &node.name,
                    "the recorded shape is not what the operation computes",
                ));
            }
        }
        Ok(())
    }

    /// Makes the affine maps of batch normalisations that they are with their running statistics.
    pub fn fix_norms(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| node.op.is_norm()) {
            if let Some([scale, shift]) = node.op.affine() {
                node.op = Op::Affine { scale, shift };
            }
        }
    }

    /// The nodes with their positions, in topological order.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(position, node)| (NodeId(position), node))
    }

    /// Shape of the input.
    pub fn input_shape(&self) -> Shape {
        self[self.input].shape
    }

    /// Shape of the output.
    pub fn output_shape(&self) -> Shape {
        self[self.output].shape
    }
}

impl Index<NodeId> for Graph {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }
}

#[cfg(any(test, feature = "random"))]
pub mod random;
#[cfg(test)]
mod tests;
