//! The graph under construction and the values that ONNX names.

use super::constant::{Constant, MAX_MADE};
use super::error::Problem;
use super::quantisation::Steps;
use super::transposition::Transposed;
use crate::graph::{Axis, Graph, NodeId, Op};
use brelu_core::geometry::Shape;
use brelu_core::local::MAX_AXES;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// What a name of the file stands for.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Tensor(Tensor),
    Constant(Rc<Constant>),
}

impl Value {
    pub(super) const fn tensor(&self) -> Option<&Tensor> {
        match self {
            Self::Tensor(tensor) => Some(tensor),
            Self::Constant(_) => None,
        }
    }

    pub(super) fn dims(&self) -> &[usize] {
        match self {
            Self::Tensor(tensor) => &tensor.dims,
            Self::Constant(constant) => &constant.dims,
        }
    }
}

/// A computed tensor. `dims` are ONNX's, with the batch; `shape(dims)` is the shape of the node.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub(super) id: NodeId,
    pub(super) dims: Vec<usize>,
    /// Whether its elements are bytes, as those of the input, and not floats yet.
    pub(super) bytes: bool,
}

impl Tensor {
    /// Position of the channels among the dimensions.
    pub(super) fn channel_axis(&self) -> usize {
        usize::from(self.dims.len() > 1)
    }

    /// Refuses anything but a batch of planes.
    pub(super) fn planes(&self) -> Problem<()> {
        match self.dims.len() {
            4 => Ok(()),
            rank => Err(format!(
                "its input has {rank} dimensions {:?}, not batch, channels, height, width",
                self.dims
            )),
        }
    }
}

/// Most dimensions of a tensor: a batch, and as many as can be permuted.
const MAX_RANK: usize = 1 + MAX_AXES;

/// Dimensions as channels, height and width. A batch comes first unless there is a single dimension. The last two of more
/// than four are those of the map, but for such as have one element.
pub(super) fn shape(dims: &[usize]) -> Problem<Shape> {
    let sizes: Option<Vec<u32>> = dims.iter().map(|size| u32::try_from(*size).ok()).collect();
    match sizes.as_deref() {
        Some([c] | [1, c, ..]) if *c as usize > MAX_MADE => Err(channels(*c)),
        Some([c] | [1, c]) => Ok(Shape::new(*c, 1, 1)),
        Some([1, c, h]) => Ok(Shape::new(*c, *h, 1)),
        Some([1, c, h, w]) => Ok(Shape::new(*c, *h, *w)),
        Some([1, sizes @ ..]) if dims.len() <= MAX_RANK => merged(sizes),
        Some([batch, _, ..]) if *batch != 1 && dims.len() <= MAX_RANK => {
            Err(format!("makes a tensor {dims:?}, whose first dimension (the batch) must be 1"))
        }
        Some([_, ..]) => Err(format!("makes a tensor {dims:?} of more than {MAX_RANK} dimensions")),
        _ => Err(format!("makes a tensor {dims:?}; at most batch, channels, height and width are supported")),
    }
}

fn merged(sizes: &[u32]) -> Problem<Shape> {
    let mut sizes = sizes.to_vec();
    while let Some(at) = sizes.iter().rposition(|size| *size == 1).filter(|at| *at > 0 && sizes.len() > 3) {
        sizes.remove(at);
    }
    let [before @ .., height, width] = &sizes[..] else {
        return Err(format!("makes a tensor [1, {sizes:?}] without channels"));
    };
    let count = before.iter().try_fold(1u32, |product, size| product.checked_mul(*size));
    match count.filter(|count| *count as usize <= MAX_MADE) {
        Some(count) => Ok(Shape::new(count, *height, *width)),
        None => Err(channels(count.unwrap_or(u32::MAX))),
    }
}

fn channels(channels: u32) -> String {
    format!("makes a tensor of {channels} channels, at most {MAX_MADE} are supported")
}

/// A graph that grows node by node with unique names.
pub(super) struct Builder {
    pub(super) graph: Graph,
    names: HashSet<String>,
    /// Name of the operation being imported.
    label: String,
    /// Numbers that its operations hold.
    pub(super) numbers: usize,
    /// What nodes are transpositions of, with their dimensions.
    pub(super) transpositions: HashMap<NodeId, (Vec<usize>, Transposed)>,
    /// The values that are integers by QuantizeLinear, and what they stand for.
    pub(super) quantised: HashMap<String, Steps>,
    /// Nodes in whose place others compute a function of what these read.
    pub(super) replaced: HashSet<NodeId>,
    /// The two nodes that functions composed of a product are the product of.
    pub(super) products: HashMap<NodeId, [NodeId; 2]>,
}

impl Builder {
    pub(super) fn new(graph: Graph) -> Self {
        let names = graph.nodes.iter().map(|node| node.name.clone()).collect();
        let (transpositions, quantised, replaced, products) = Default::default();
        Self { graph, names, label: String::new(), numbers: 0, transpositions, quantised, replaced, products }
    }

    /// Nodes pushed from now on belong to the operation of this name.
    pub(super) fn begin(&mut self, label: &str) {
        self.label = label.into();
    }

    fn unique_name(&mut self) -> String {
        let numbered = (2u64..).map(|number| format!("{}_{number}", self.label));
        let mut candidates = std::iter::once(self.label.clone()).chain(numbered);
        let name = candidates.find(|name| !self.names.contains(name)).unwrap_or_default();
        self.names.insert(name.clone());
        name
    }

    /// Appends an operation whose result has channels and planes as the graph says.
    pub(super) fn push(&mut self, op: Op, inputs: &[&Tensor]) -> Problem<Tensor> {
        let ids: Vec<NodeId> = inputs.iter().map(|tensor| tensor.id).collect();
        let name = self.unique_name();
        let id = self.graph.push(name, op, &ids).map_err(|error| error.problem)?;
        let shape = self.graph[id].shape;
        if shape.channels as usize > MAX_MADE {
            return Err(channels(shape.channels));
        }
        self.numbers += self.graph[id].op.numbers();
        let dims = [1, shape.channels, shape.height, shape.width].map(|size| size as usize);
        Ok(Tensor { id, dims: dims.to_vec(), bytes: inputs.first().is_some_and(|input| input.bytes) })
    }

    /// Appends an operation whose result has the given dimensions.
    pub(super) fn push_as(&mut self, op: Op, inputs: &[&Tensor], dims: Vec<usize>) -> Problem<Tensor> {
        let expected = shape(&dims)?;
        let tensor = self.push(op, inputs)?;
        match self.graph[tensor.id].shape == expected {
            true => Ok(Tensor { dims, ..tensor }),
            false => Err(format!("makes {:?}, not {dims:?}", tensor.dims)),
        }
    }

    /// The same elements in the same order under other dimensions.
    pub(super) fn reshape(&mut self, tensor: &Tensor, dims: Vec<usize>) -> Problem<Tensor> {
        let to = shape(&dims)?;
        match self.graph[tensor.id].shape == to {
            true => Ok(Tensor { dims, ..*tensor }),
            false => self.push_as(Op::Reshape(to), &[tensor], dims),
        }
    }

    /// Selects, repeats or pads along every dimension; `axes` as many as dimensions.
    pub(super) fn view(&mut self, tensor: &Tensor, axes: &[Axis]) -> Problem<Tensor> {
        let identity =
            |size: &usize, axis: &Axis| u32::try_from(*size).is_ok_and(|size| axis.is_identity(size));
        let mut unchanged = tensor.dims.iter().zip(axes).map(|(size, axis)| identity(size, axis));
        let first = tensor.channel_axis();
        if first == 1 && unchanged.next() == Some(false) {
            return Err("changes the batch".into());
        }
        if unchanged.all(|same| same) {
            return Ok(tensor.clone());
        }
        if let Some(of) = self.transposed(tensor) {
            return self.view_transposed(&of, axes);
        }
        if axes.len() > 4 {
            return self.view_along(tensor, axes);
        }
        let dims = axes.iter().map(|axis| axis.len as usize).collect();
        let axis = |index: usize| axes.get(first + index).copied().unwrap_or(Axis::identity(1));
        let op = Op::View { channels: axis(0), rows: axis(1), columns: axis(2) };
        self.push_as(op, &[tensor], dims)
    }

    /// A view along one dimension after the other, each as the rows of a map of its own.
    fn view_along(&mut self, tensor: &Tensor, axes: &[Axis]) -> Problem<Tensor> {
        let mut view = tensor.clone();
        for (at, axis) in axes.iter().enumerate() {
            let mut dims = view.dims.clone();
            if axis.is_identity(dims[at] as u32) {
                continue;
            }
            let (before, behind) = (dims[..at].iter().product(), dims[at + 1..].iter().product());
            let map = self.reshape(&view, vec![1, before, dims[at], behind])?;
            let [before, behind] = [before, behind].map(|size: usize| Axis::identity(size as u32));
            let map = self.view(&map, &[Axis::identity(1), before, *axis, behind])?;
            dims[at] = axis.len as usize;
            view = self.reshape(&map, dims)?;
        }
        Ok(view)
    }

    /// Repeats dimensions of one element until they are as large as `dims`.
    pub(super) fn broadcast(&mut self, tensor: &Tensor, dims: &[usize]) -> Problem<Tensor> {
        let refusal = || format!("cannot repeat {:?} to {dims:?}", tensor.dims);
        if tensor.dims.len() != dims.len() {
            return Err(refusal());
        }
        let axis = |(from, to): (&usize, &usize)| {
            let len =
                u32::try_from(*to).ok().filter(|len| u64::from(*len) <= crate::graph::MAX_TENSOR_LEN)?;
            match from {
                from if from == to => Some(Axis::identity(len)),
                1 => Some(Axis::repeat(len)),
                _ => None,
            }
        };
        let axes: Option<Vec<Axis>> = tensor.dims.iter().zip(dims).map(axis).collect();
        self.view(tensor, &axes.ok_or_else(refusal)?)
    }
}
