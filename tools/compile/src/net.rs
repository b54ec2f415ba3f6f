//! The network between a graph and a plan: a plan's nodes with real parameters, before any format is chosen.

use std::sync::Arc;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::lifetime;
use brelu_core::local::Origin;
use brelu_core::plan::{Channel, Local, MAX_PARTS, Picks};

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
    /// What the operation's result is divided by: a mean is the sum of a plan, in a smaller unit.
    pub(super) divisor: u32,
    pub(super) op: Op,
}

/// One linear map, kept as a network of one convolution without bias so that the float executor computes it.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) input: Id,
    map: Conv2d,
    pub(super) conv: Arc<graph::Graph>,
}

impl Term {
    pub(super) fn new(input: Id, map: Conv2d, weights: Vec<f32>) -> Result<Self, graph::GraphError> {
        let mut conv = graph::Graph::new("term", "x", map.input)?;
        let bias = vec![0.0; map.out_channels as usize];
        let x = conv.input;
        conv.push("y", graph::Op::Conv { geometry: map, weights, bias }, &[x])?;
        Ok(Self { input, map, conv: Arc::new(conv) })
    }

    pub(super) fn map(&self) -> Conv2d {
        self.map
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
    Local(Local<Id>),
    Activation {
        input: Id,
        channels: Vec<Channel>,
        /// What every channel computes where it decides.
        functions: Vec<Activation>,
    },
    /// `x` and the gate.
    Product {
        inputs: [Id; 2],
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
            Self::Local(local) => local.inputs().to_vec(),
            Self::Activation { input, .. } => vec![*input],
            Self::Product { inputs } => inputs.to_vec(),
        }
    }

    /// The same operation on the tensors `to` says.
    pub(super) fn renamed(&self, mut to: impl FnMut(Id) -> Id) -> Self {
        let mut op = self.clone();
        match &mut op {
            Self::Input => {}
            Self::Linear { terms, .. } => terms.iter_mut().for_each(|term| term.input = to(term.input)),
            Self::Local(local) => *local = local.map(|input| to(*input)),
            Self::Activation { input, .. } => *input = to(*input),
            Self::Product { inputs } => *inputs = inputs.map(to),
        }
        op
    }

    /// The linear maps that are added; none of other operations.
    pub(super) fn terms(&self) -> &[Term] {
        match self {
            Self::Linear { terms, .. } => terms,
            _ => &[],
        }
    }

    /// What an activation does with its channels; nothing of other operations.
    pub(super) fn channels(&self) -> &[Channel] {
        match self {
            Self::Activation { channels, .. } => channels,
            _ => &[],
        }
    }

    pub(super) fn is_linear(&self) -> bool {
        matches!(self, Self::Linear { .. })
    }

    pub(super) fn is_activation(&self) -> bool {
        matches!(self, Self::Activation { .. })
    }

    pub(super) fn is_product(&self) -> bool {
        matches!(self, Self::Product { .. })
    }

    /// Whether it takes a round trip.
    pub(super) fn is_exchange(&self) -> bool {
        self.is_activation() || self.is_product()
    }

    /// Whether it multiplies in Z_2^K and truncates into Z_2^n.
    pub(super) fn truncates(&self) -> bool {
        self.is_linear() || self.is_product()
    }
}

impl From<Local<Id>> for Op {
    fn from(local: Local<Id>) -> Self {
        Self::Local(local)
    }
}

impl Net {
    pub(super) fn push(&mut self, name: impl Into<String>, shape: Shape, op: impl Into<Op>) -> Id {
        self.nodes.push(Node { name: name.into(), shape, wide: false, divisor: 1, op: op.into() });
        self.nodes.len() - 1
    }

    pub(super) fn shape(&self, id: Id) -> Shape {
        self.nodes[id].shape
    }

    pub(super) fn add(&mut self, name: String, left: Id, right: Id, subtract: bool) -> Id {
        self.push(name, self.shape(left), Local::Add { inputs: [left, right], subtract })
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
        self.push(
            name,
            Shape::new(channels, map.height, map.width),
            Local::Concat { inputs: inputs.into_iter().collect() },
        )
    }

    /// Channels `first .. first + count`.
    pub(super) fn slice(&mut self, name: String, input: Id, first: u32, count: u32) -> Id {
        let from = self.shape(input);
        let shape = Shape::new(count, from.height, from.width);
        self.push(name, shape, Local::View { input, picks: Picks::channels(first) })
    }

    /// Calls `visit` with what every channel of a local node is made of; of other nodes with nothing.
    pub(super) fn origins(&self, node: &Node, visit: impl FnMut(Origin<Id>)) {
        if let Op::Local(local) = &node.op {
            local.origins(node.shape, |id| self.shape(id), visit);
        }
    }

    /// For every node, the last node that reads it; its own position if there is none.
    pub(super) fn last_reads(&self) -> Vec<Id> {
        let mut last = vec![0; self.nodes.len()];
        lifetime::last_reads(self.nodes.iter().map(|node| node.op.inputs()), &mut last);
        last
    }

    /// The last node.
    pub(super) fn output(&self) -> Id {
        self.nodes.len().saturating_sub(1)
    }
}
