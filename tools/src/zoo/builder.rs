//! A network under construction: nodes with generated parameters, each with the name of its published tensors.

use brelu_core::geometry::{Conv2d, Shape};

use super::init::Init;
use crate::graph::{Graph, GraphError, NodeId, Op, Window};

/// What batch normalisation adds to every variance, in every network here.
const EPSILON: f32 = 1e-5;

/// A convolution with a square kernel, padded so that a stride of 1 keeps rows and columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    /// Rows and columns, odd.
    pub(super) size: u16,
    pub(super) stride: u16,
    pub(super) dilation: u16,
    /// Whether every channel is filtered alone.
    pub(super) depthwise: bool,
    /// Factor on the generated weights.
    pub(super) gain: f32,
}

impl Filter {
    pub(super) const fn new(size: u16) -> Self {
        Self { size, stride: 1, dilation: 1, depthwise: false, gain: 1.0 }
    }

    pub(super) const fn stride(self, stride: u16) -> Self {
        Self { stride, ..self }
    }

    pub(super) const fn gain(self, gain: f32) -> Self {
        Self { gain, ..self }
    }

    fn geometry(self, input: Shape, out: u32) -> Conv2d {
        let pad = self.dilation * (self.size / 2);
        let groups = if self.depthwise { input.channels } else { 1 };
        let square = Conv2d::square(input, out, self.size, self.stride, pad);
        Conv2d { groups, dilation: [self.dilation; 2], ..square }
    }
}

/// A convolution and its batch normalisation: the node's name here, and the names of both in published files.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) published: [String; 2],
}

impl Layer {
    /// `conv1` and `bn1` within `scope`, for example.
    pub(super) fn numbered(name: impl Into<String>, scope: &str, number: usize) -> Self {
        let published = [format!("{scope}.conv{number}"), format!("{scope}.bn{number}")];
        Self { name: name.into(), published }
    }

    /// Consecutive numbers of a sequence.
    pub(super) fn sequence(name: impl Into<String>, scope: &str, first: usize) -> Self {
        let published = [format!("{scope}.{first}"), format!("{scope}.{}", first + 1)];
        Self { name: name.into(), published }
    }
}

/// See the module.
pub(super) struct Builder {
    pub(super) graph: Graph,
    /// Nodes with parameters and what published files call them, without the role (`weight`, `bias`).
    pub(super) published: Vec<(NodeId, String)>,
    init: Init,
}

impl Builder {
    pub(super) fn new(name: &str, input: Shape, seed: u64) -> Result<Self, GraphError> {
        let graph = Graph::new(name, "input", input)?;
        Ok(Self { graph, published: Vec::new(), init: Init::new(seed) })
    }

    pub(super) fn shape(&self, node: NodeId) -> Shape {
        self.graph[node].shape
    }

    fn parameters(&mut self, name: &str, published: &str, op: Op, x: NodeId) -> Result<NodeId, GraphError> {
        let node = self.graph.push(name, op, &[x])?;
        self.published.push((node, published.to_owned()));
        Ok(node)
    }

    /// A convolution without bias, and batch normalisation.
    pub(super) fn conv_norm(
        &mut self,
        layer: &Layer,
        x: NodeId,
        out: u32,
        filter: Filter,
    ) -> Result<NodeId, GraphError> {
        let geometry = filter.geometry(self.shape(x), out);
        let weights = self.init.weights(&geometry, filter.gain);
        let [conv, norm] = &layer.published;
        let op = Op::Conv { geometry, weights, bias: vec![0.0; out as usize] };
        let node = self.parameters(&layer.name, conv, op, x)?;
        let [zeros, ones] = [0.0, 1.0].map(|value| vec![value; out as usize]);
        let op = Op::BatchNorm {
            scale: ones.clone(),
            shift: zeros.clone(),
            mean: zeros,
            variance: ones,
            epsilon: EPSILON,
        };
        self.parameters(&format!("{}.norm", layer.name), norm, op, node)
    }

    pub(super) fn relu(&mut self, name: impl Into<String>, x: NodeId) -> Result<NodeId, GraphError> {
        self.graph.push(name, Op::Relu, &[x])
    }

    /// A 1x1 convolution with bias: scores of classes, of the whole image or of every pixel.
    pub(super) fn scores(
        &mut self,
        name: &str,
        published: &str,
        x: NodeId,
        classes: u32,
    ) -> Result<NodeId, GraphError> {
        let geometry = Filter::new(1).geometry(self.shape(x), classes);
        let weights = self.init.weights(&geometry, 1.0);
        self.parameters(name, published, Op::Conv { geometry, weights, bias: vec![0.0; classes as usize] }, x)
    }

    /// The mean of every channel.
    pub(super) fn global_pool(&mut self, name: &str, x: NodeId) -> Result<NodeId, GraphError> {
        let shape = self.shape(x);
        let window = Window::new([shape.height as u16, shape.width as u16]);
        self.graph.push(name, Op::AveragePool { window, count_include_pad: true }, &[x])
    }

    /// Global average pooling and a fully connected layer.
    pub(super) fn classifier(
        &mut self,
        published: &str,
        x: NodeId,
        classes: u32,
    ) -> Result<NodeId, GraphError> {
        let pooled = self.global_pool("pool", x)?;
        let flat = self.graph.push("flatten", Op::Reshape(self.shape(pooled).flat()), &[pooled])?;
        self.scores("classes", published, flat, classes)
    }
}
