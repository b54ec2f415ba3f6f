//! From the operations of a graph to those of a plan.
//!
//! What changes on the way: batch normalisation that was not folded becomes a depthwise map, sums of convolutions one node of several terms,
//! `ReLU6(z)` becomes `ReLU(z) - ReLU(z - 6)`, max-pooling a tournament, and ReLU moves behind max-pooling.

mod activation;
mod pool;
mod product;
mod roles;
mod view;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Local, MAX_NODES};

use self::roles::Roles;
use super::net::{Id, Net, Op, Term};
use super::{BlockSpec, CompileError};
use brelu_networks::graph::{self, Graph, NodeId};

/// Lowers what the output of `graph` depends on. Rings are not assigned yet.
pub(super) fn lower(graph: &Graph, spec: &BlockSpec) -> Result<Net, CompileError> {
    graph.check()?;
    check_names(graph, spec)?;
    let roles = Roles::new(graph, spec)?;
    let mut lowering =
        Lowering { graph, spec, roles, net: Net::default(), ids: vec![None; graph.nodes.len()] };
    lowering.all()?;
    let output = lowering.id(graph.output)?;
    product::release(ending_with(lowering.net, output))
}

fn check_names(graph: &Graph, spec: &BlockSpec) -> Result<(), CompileError> {
    let is_layer = |name: &str| {
        let found = graph.nodes.iter().find(|node| node.name == name);
        found.is_some_and(|node| node.op.is_activation())
    };
    let problem = "the network has no ReLU of that name: take the names that `brelu inspect` prints";
    match spec.layers.keys().find(|name| !is_layer(name)) {
        Some(layer) => Err(CompileError::Spec { layer: layer.clone(), problem: problem.into() }),
        None => Ok(()),
    }
}

/// Makes `output` the last node, and the plan at least two nodes long.
fn ending_with(mut net: Net, output: Id) -> Net {
    if net.nodes.len() == 1 {
        net.push("output", net.shape(output), Local::Reshape { input: output });
        return net;
    }
    net.nodes.truncate(output + 1);
    net
}

struct Lowering<'a> {
    graph: &'a Graph,
    spec: &'a BlockSpec,
    roles: Roles,
    net: Net,
    ids: Vec<Option<Id>>,
}

impl Lowering<'_> {
    fn all(&mut self) -> Result<(), CompileError> {
        for (id, node) in self.graph.iter() {
            if self.roles.is_lowered(id) {
                let lowered = self.node(id, node)?;
                self.ids[id.0] = Some(lowered);
            }
            if self.net.nodes.len() > MAX_NODES {
                return Err(CompileError::node(
                    &node.name,
                    "with it the plan has more than 2048 nodes: split the network",
                ));
            }
        }
        Ok(())
    }

    fn id(&self, id: NodeId) -> Result<Id, CompileError> {
        self.ids[id.0].ok_or_else(|| CompileError::node(&self.graph[id].name, "it was lowered out of order"))
    }

    fn node(&mut self, id: NodeId, node: &graph::Node) -> Result<Id, CompileError> {
        let name = node.name.as_str();
        match &node.op {
            graph::Op::Input => Ok(self.net.push(name, node.shape, Op::Input)),
            graph::Op::Conv { .. } | graph::Op::BatchNorm { .. } | graph::Op::Affine { .. } => {
                self.linear(name, node.shape, &[id])
            }
            graph::Op::Add if !self.roles.terms(id).is_empty() => {
                let terms = self.roles.terms(id).to_vec();
                self.linear(name, node.shape, &terms)
            }
            graph::Op::Add => {
                let (left, right) = (self.id(node.inputs[0])?, self.id(node.inputs[1])?);
                Ok(self.net.add(name.into(), left, right, false))
            }
            graph::Op::Concat => {
                let inputs = node.inputs.iter().map(|input| self.id(*input)).collect::<Result<_, _>>()?;
                Ok(self.net.concat(name, inputs))
            }
            graph::Op::Activation(functions) => {
                let input = self.id(node.inputs[0])?;
                self.activation(node, functions, input)
            }
            graph::Op::Multiply => {
                let inputs = [self.id(node.inputs[0])?, self.id(node.inputs[1])?];
                Ok(self.net.push(name, node.shape, Op::Product { inputs }))
            }
            graph::Op::MaxPool(window) => self.max_pool(node, window),
            graph::Op::AveragePool { window, count_include_pad } => {
                let input = self.id(node.inputs[0])?;
                self.average_pool(node, input, window, *count_include_pad)
            }
            graph::Op::View { channels, rows, columns } => {
                let input = self.id(node.inputs[0])?;
                let picks = view::picks(name, [channels, rows, columns])?;
                Ok(self.net.push(name, node.shape, Local::View { input, picks }))
            }
            graph::Op::Permute { permutation, .. } => {
                let input = self.id(node.inputs[0])?;
                let permutation = permutation.clone();
                Ok(self.net.push(name, node.shape, Local::Permute { input, permutation }))
            }
            graph::Op::Reshape(_) => {
                let input = self.id(node.inputs[0])?;
                Ok(self.net.push(name, node.shape, Local::Reshape { input }))
            }
        }
    }

    /// The sum of the convolutions `parts`.
    fn linear(&mut self, name: &str, shape: Shape, parts: &[NodeId]) -> Result<Id, CompileError> {
        let mut terms = Vec::new();
        let mut bias = vec![0.0; shape.channels as usize];
        for part in parts {
            let node = &self.graph[*part];
            let input = self.id(node.inputs[0])?;
            let (map, weights, constants) = linear_parts(node)?;
            finite(&node.name, &weights)?;
            finite(&node.name, &constants)?;
            terms.push(Term::new(input, map, weights)?);
            bias.iter_mut().zip(constants).for_each(|(sum, constant)| *sum += constant);
        }
        Ok(self.net.push(name, shape, Op::Linear { terms, bias }))
    }
}

/// Geometry, weights and biases of a convolution; an affine map is a depthwise one.
fn linear_parts(node: &graph::Node) -> Result<(Conv2d, Vec<f32>, Vec<f32>), CompileError> {
    if let graph::Op::Conv { geometry, weights, bias } = &node.op {
        return Ok((*geometry, weights.clone(), bias.clone()));
    }
    match node.op.affine() {
        Some([scale, shift]) => Ok((depthwise(node.shape, [1; 2]), scale, shift)),
        None => Err(CompileError::node(&node.name, "it is not a linear map")),
    }
}

/// A depthwise map with step 1 and no padding.
pub(super) fn depthwise(input: Shape, kernel: [u16; 2]) -> Conv2d {
    let channels = input.channels;
    let (stride, dilation) = ([1; 2], [1; 2]);
    Conv2d { input, out_channels: channels, groups: channels, kernel, stride, dilation, pads: [0; 4] }
}

fn finite(name: &str, values: &[f32]) -> Result<(), CompileError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => {
            Err(CompileError::node(name, format!("its constant {at} is {}: repair the network", values[at])))
        }
        None => Ok(()),
    }
}
