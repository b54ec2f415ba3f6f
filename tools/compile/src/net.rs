//! The network between a graph and a plan: the operations of plans with real parameters, before any format is chosen.

use std::sync::Arc;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Axis, Channel, Edge, MAX_PARTS};

use brelu_networks::activation::Activation;
use brelu_networks::graph;

/// Position of a node in [`Net::nodes`].
pub(super) type Id = usize;

/// Nodes in the order of the plan: the first is the input, the last the output.
#[derive(Clone, Debug, Default)]
pub(super) struct Net {
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) shape: Shape,
    /// Whether the tensor lives in Z_2^K rather than Z_2^n.
    pub(super) wide: bool,
    pub(super) op: Op,
}

/// One linear map, kept as a network of one convolution without bias so that the float executor computes it.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) input: Id,
    pub(super) conv: Arc<graph::Graph>,
}

impl Term {
    pub(super) fn new(input: Id, map: Conv2d, weights: Vec<f32>) -> Result<Self, graph::GraphError> {
        let mut conv = graph::Graph::new("term", "x", map.input)?;
        let bias = vec![0.0; map.out_channels as usize];
        let x = conv.input;
        conv.push("y", graph::Op::Conv { geometry: map, weights, bias }, &[x])?;
        Ok(Self { input, conv: Arc::new(conv) })
    }

    pub(super) fn map(&self) -> Conv2d {
        match &self.conv[self.conv.output].op {
            graph::Op::Conv { geometry, .. } => *geometry,
            _ => Conv2d::dense(1, 1),
        }
    }

    pub(super) fn weights(&self) -> &[f32] {
        match &self.conv[self.conv.output].op {
            graph::Op::Conv { weights, .. } => weights,
            _ => &[],
        }
    }
}

/// As [`brelu_core::plan::Op`], with real numbers.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Input,
    Linear {
        terms: Vec<Term>,
        bias: Vec<f32>,
    },
    Add {
        left: Id,
        right: Id,
        subtract: bool,
    },
    Concat {
        inputs: Vec<Id>,
    },
    /// The mean of windows of `area` elements; the plan sums.
    Mean {
        input: Id,
        kernel: [u16; 2],
        stride: [u16; 2],
        pads: [u16; 2],
        area: u32,
    },
    View {
        input: Id,
        axes: [Axis; 3],
        edge: Edge,
    },
    Reshape {
        input: Id,
    },
    Activation {
        input: Id,
        channels: Vec<Channel>,
        /// What every channel computes where it decides.
        functions: Vec<Activation>,
    },
}

impl Op {
    /// ReLU.
    pub(super) fn relu(input: Id, channels: Vec<Channel>) -> Self {
        let functions = vec![Activation::relu(); channels.len()];
        Self::Activation { input, channels, functions }
    }

    pub(super) fn inputs(&self) -> Vec<Id> {
        match self {
            Self::Input => Vec::new(),
            Self::Linear { terms, .. } => terms.iter().map(|term| term.input).collect(),
            Self::Add { left, right, .. } => vec![*left, *right],
            Self::Concat { inputs } => inputs.clone(),
            Self::Mean { input, .. }
            | Self::View { input, .. }
            | Self::Reshape { input }
            | Self::Activation { input, .. } => vec![*input],
        }
    }

    /// The same operation on the tensors `to` says.
    pub(super) fn renamed(&self, mut to: impl FnMut(Id) -> Id) -> Self {
        let mut op = self.clone();
        match &mut op {
            Self::Input => {}
            Self::Linear { terms, .. } => terms.iter_mut().for_each(|term| term.input = to(term.input)),
            Self::Add { left, right, .. } => (*left, *right) = (to(*left), to(*right)),
            Self::Concat { inputs } => inputs.iter_mut().for_each(|input| *input = to(*input)),
            Self::Mean { input, .. }
            | Self::View { input, .. }
            | Self::Reshape { input }
            | Self::Activation { input, .. } => *input = to(*input),
        }
        op
    }
}

impl Net {
    pub(super) fn push(&mut self, name: impl Into<String>, shape: Shape, op: Op) -> Id {
        self.nodes.push(Node { name: name.into(), shape, wide: false, op });
        self.nodes.len() - 1
    }

    pub(super) fn shape(&self, id: Id) -> Shape {
        self.nodes[id].shape
    }

    pub(super) fn add(&mut self, name: String, left: Id, right: Id, subtract: bool) -> Id {
        self.push(name, self.shape(left), Op::Add { left, right, subtract })
    }

    /// Joins channels, through intermediate nodes if there are many parts.
    pub(super) fn concat(&mut self, name: &str, mut inputs: Vec<Id>) -> Id {
        while inputs.len() > MAX_PARTS {
            inputs = inputs.chunks(MAX_PARTS).map(|part| self.concat(name, part.to_vec())).collect();
        }
        if let [only] = inputs[..] {
            return only;
        }
        let channels = inputs.iter().map(|id| self.shape(*id).channels).sum();
        let map = self.shape(inputs[0]);
        self.push(name, Shape::new(channels, map.height, map.width), Op::Concat { inputs })
    }

    /// Channels `first .. first + count`.
    pub(super) fn slice(&mut self, name: String, input: Id, first: u32, count: u32) -> Id {
        let from = self.shape(input);
        let axes = [Axis::slice(first as i32, 1), Axis::SAME, Axis::SAME];
        let shape = Shape::new(count, from.height, from.width);
        self.push(name, shape, Op::View { input, axes, edge: Edge::Zero })
    }

    /// For every node, the last node that reads it; its own position if there is none.
    pub(super) fn last_reads(&self) -> Vec<Id> {
        let mut last: Vec<Id> = (0..self.nodes.len()).collect();
        for (id, node) in self.nodes.iter().enumerate() {
            node.op.inputs().into_iter().for_each(|input| last[input] = id);
        }
        last
    }

    /// The last node.
    pub(super) fn output(&self) -> Id {
        self.nodes.len().saturating_sub(1)
    }
}
