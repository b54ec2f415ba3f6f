//! A network under construction: nodes with generated parameters, each with the name of its published tensors.

use brelu_core::geometry::{Conv2d, Shape};

use super::init::Init;
use super::setting::Setting;
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

    pub(super) const fn dilation(self, dilation: u16) -> Self {
        Self { dilation, ..self }
    }

    pub(super) const fn depthwise(self) -> Self {
        Self { depthwise: true, ..self }
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

    /// `conv` and `bn` of the module `scope`.
    pub(super) fn module(name: impl Into<String>, scope: &str) -> Self {
        Self { name: name.into(), published: [format!("{scope}.conv"), format!("{scope}.bn")] }
    }
}

/// See the module.
pub(super) struct Builder {
    pub(super) graph: Graph,
    /// Nodes with parameters and what published files call them, without the role (`weight`, `bias`).
    pub(super) parameters: Vec<(NodeId, String)>,
    /// Activations and what block specs of the reference call them.
    pub(super) activations: Vec<(NodeId, String)>,
    pub(super) setting: Setting,
    init: Init,
}

impl Builder {
    /// A network that returns its input.
    pub(super) fn new(name: &str, setting: &Setting) -> Result<Self, GraphError> {
        let graph = Graph::new(name, "input", setting.input)?;
        let (parameters, activations) = (Vec::new(), Vec::new());
        Ok(Self { graph, parameters, activations, setting: *setting, init: Init::new(setting.seed) })
    }

    pub(super) fn shape(&self, node: NodeId) -> Shape {
        self.graph[node].shape
    }

    fn with_parameters(
        &mut self,
        name: &str,
        published: &str,
        op: Op,
        x: NodeId,
    ) -> Result<NodeId, GraphError> {
        let node = self.graph.push(name, op, &[x])?;
        self.parameters.push((node, published.to_owned()));
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
        let node = self.with_parameters(&layer.name, conv, op, x)?;
        let [zeros, ones] = [0.0, 1.0].map(|value| vec![value; out as usize]);
        let op = Op::BatchNorm {
            scale: ones.clone(),
            shift: zeros.clone(),
            mean: zeros,
            variance: ones,
            epsilon: EPSILON,
        };
        self.with_parameters(&format!("{}.norm", layer.name), norm, op, node)
    }

    /// ReLU, which block specs of the reference call `reference`.
    pub(super) fn relu(&mut self, name: &str, reference: &str, x: NodeId) -> Result<NodeId, GraphError> {
        self.activation(name, reference, Op::relu(), x)
    }

    /// As [`Self::relu`], with another operation.
    pub(super) fn activation(
        &mut self,
        name: &str,
        reference: &str,
        op: Op,
        x: NodeId,
    ) -> Result<NodeId, GraphError> {
        let node = self.graph.push(name, op, &[x])?;
        self.activations.push((node, reference.to_owned()));
        Ok(node)
    }

    /// A 1x1 convolution with bias: a score for every class, of the whole image or of every pixel.
    pub(super) fn scores(&mut self, published: &str, x: NodeId) -> Result<NodeId, GraphError> {
        let classes = self.setting.classes;
        let geometry = Filter::new(1).geometry(self.shape(x), classes);
        let op = Op::Conv {
            geometry,
            weights: self.init.weights(&geometry, 1.0),
            bias: vec![0.0; classes as usize],
        };
        self.with_parameters("classes", published, op, x)
    }

    /// The mean of every channel.
    pub(super) fn global_pool(&mut self, name: &str, x: NodeId) -> Result<NodeId, GraphError> {
        let shape = self.shape(x);
        let [height, width] = [shape.height, shape.width].map(u16::try_from);
        let too_large = |_| GraphError::new(name, "its window has more than 65535 rows or columns");
        let window = Window::new([height.map_err(too_large)?, width.map_err(too_large)?]);
        self.graph.push(name, Op::AveragePool { window, count_include_pad: false }, &[x])
    }

    /// Global average pooling and a fully connected layer.
    pub(super) fn classifier(&mut self, x: NodeId) -> Result<NodeId, GraphError> {
        let pooled = self.global_pool("pool", x)?;
        let flat = self.graph.push("flatten", Op::Reshape(self.shape(pooled).flat()), &[pooled])?;
        self.scores("head.fc", flat)
    }
}
