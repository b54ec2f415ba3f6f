//! Operation by operation from the file to the graph.

use super::build::{Builder, Tensor, Value, shape};
use super::call::Call;
use super::error::{ImportError, Problem};
use super::external::Beside;
use super::obstacles::Obstacles;
use super::proto::{AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, data_type};
use super::quantisation::{self, Ranges};
use super::tail::Tail;
use super::{
    Import, ImportOptions, activation, arithmetic, attributes, choosing, conv_transpose, ends, evaluate,
    fold, interpolation, joining, linear, names, order, padding, pooling, reduction, reshaping, resize,
    selection, smooth, split, tensor, transposition,
};
use crate::activation::Function;
use crate::graph::{Graph, NodeId, Op, prune};
use prost::Message;
use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::rc::Rc;

/// Versions of ONNX's operator set that are understood.
const OPSETS: RangeInclusive<i64> = 7..=25;

/// Most operations of a network; simplifying takes their number squared.
const MAX_NODES: usize = 1 << 14;

/// Numbers that importing a small file may make: constants it computes, and what its operations hold.
const ROOM: usize = 1 << 24;

/// As many more for every byte of the file: weights of 16 bits are computed with, transposed and held well within it.
const ROOM_A_BYTE: usize = 4;

/// Turns the operations that the chosen output needs into nodes, in order. Constants may be in files `beside` the model.
pub(super) fn walk(
    model: &ModelProto,
    options: &ImportOptions,
    beside: &Beside,
) -> Result<Import, ImportError> {
    let graph = model.graph.as_ref().ok_or_else(|| ImportError::model("the file holds no network"))?;
    let opset = opset(model)?;
    names::check(graph)?;
    let mut notes = Vec::new();
    let producers = order::producers(graph);
    let end = ends::output(graph, &producers, options, &mut notes)?;
    let nodes = order::needed(&producers, end)?;
    if nodes.len() > MAX_NODES {
        let text = format!("the network has {} nodes; at most {MAX_NODES} are supported", nodes.len());
        return Err(ImportError::Model(text));
    }
    let ranges = Ranges::of(graph);
    let mut walk = Walk::start(model, graph, &nodes, end, options, beside, &ranges)?;
    let input = walk.build.graph.input_shape();
    let plane = [input.height as usize, input.width as usize];
    walk.tail = Some(Tail::new(&producers, end, options.output.is_none(), plane));
    for node in nodes {
        walk.step(node, opset)?;
    }
    walk.settle_steep(end);
    walk.obstacles.check(graph, options.output.is_some())?;
    let Some(Value::Tensor(result)) = walk.values.get(end) else {
        return Err(ImportError::model(format!("the output \"{end}\" is not computed from the input")));
    };
    if result.bytes && walk.build.quantised.contains_key(end) {
        return Err(ImportError::model(format!(
            "the output \"{end}\" is of integers: choose the value before with --output"
        )));
    }
    if result.bytes {
        return Err(ImportError::model(format!("the output \"{end}\" is of bytes (uint8), as the input is")));
    }
    walk.build.graph.output = result.id;
    walk.build.graph = prune(walk.build.graph);
    let (base, left_out) = walk.tail.map_or((end, Vec::new()), Tail::finish);
    notes.extend(left_out);
    walk.build.graph.interpolation = interpolation::of_output(model, graph, opset, &producers, base);
    if walk.halves {
        let text = "The file computes in 16 bits behind a Cast; here it is computed in 32, so results differ slightly.";
        notes.push(text.into());
    }
    if !walk.build.quantised.is_empty() {
        let text = "The file rounds activations to 8 bits (QuantizeLinear); here they are not rounded, so results differ slightly.";
        notes.push(text.into());
    }
    if let Some(kind) = ends::other_float(ends::input(graph)?) {
        notes.push(format!(
            "The file computes in {kind}; here it is computed in float32, so results differ slightly."
        ));
    }
    if walk.last {
        notes.push("The channels of the input come last in the file (NHWC); here they come first.".into());
    }
    if walk.build.graph.takes_bytes {
        notes.push("The network takes the pixels as they are, 0 to 255 (uint8): its divisor is 1.".into());
    }
    Ok(Import { graph: walk.build.graph, notes })
}

fn opset(model: &ModelProto) -> Result<i64, ImportError> {
    let own = |set: &&OperatorSetIdProto| set.domain.is_empty() || set.domain == "ai.onnx";
    let mut versions = model.opset_import.iter().filter(own).map(|set| set.version);
    let version = versions.next().ok_or_else(|| ImportError::model("the model names no operator set"))?;
    if let Some(other) = versions.find(|other| *other != version) {
        return Err(ImportError::Model(format!(
            "the model names two versions of ONNX's operator set, {version} and {other}: export it again"
        )));
    }
    match OPSETS.contains(&version) {
        true => Ok(version),
        false => Err(ImportError::Model(format!(
            "operator set {version} is not supported; export the model with operator set {} to {}, for example 13",
            OPSETS.start(),
            OPSETS.end()
        ))),
    }
}

/// An import under way.
struct Walk<'model> {
    build: Builder,
    values: HashMap<&'model str, Value>,
    obstacles: Obstacles<'model>,
    tail: Option<Tail<'model>>,
    beside: &'model Beside,
    ranges: &'model Ranges<'model>,
    /// Bytes of the model without the files beside it.
    bytes: usize,
    /// Numbers of all constants so far.
    made: usize,
    /// Whether tensors are cast to 16 bits.
    halves: bool,
    /// Functions that approach no straight line, which only another function of them does.
    steep: Vec<(NodeId, &'model NodeProto)>,
    /// Whether the channels of the input come last in the file.
    last: bool,
}

impl<'model> Walk<'model> {
    /// The graph with its input, and the constants that are read.
    fn start(
        model: &ModelProto,
        graph: &'model GraphProto,
        nodes: &[&NodeProto],
        output: &str,
        options: &ImportOptions,
        beside: &'model Beside,
        ranges: &'model Ranges<'model>,
    ) -> Result<Self, ImportError> {
        let input = ends::input(graph)?;
        let bytes = ends::takes_bytes(input)?;
        let last = transposition::comes_last(graph, &input.name);
        let dims = ends::input_dims(input, options, last)?;
        let last = last && dims.len() == 4;
        let first = if last { vec![dims[0], dims[3], dims[1], dims[2]] } else { dims.clone() };
        let input_shape = shape(&first)
            .map_err(|problem| ImportError::Model(format!("input \"{}\" {problem}", input.name)))?;
        let mut build = Builder::new(Graph::new(&graph.name, &input.name, input_shape)?);
        build.graph.takes_bytes = bytes;
        let id = build.graph.input;
        let (obstacles, tail, values) = (Obstacles::default(), None, HashMap::new());
        let mut walk = Self {
            build,
            values,
            obstacles,
            tail,
            beside,
            ranges,
            bytes: model.encoded_len(),
            made: 0,
            halves: false,
            steep: Vec::new(),
            last: false,
        };
        let mut read: HashSet<&str> = nodes.iter().flat_map(|node| &node.input).map(String::as_str).collect();
        read.insert(output);
        for initializer in graph.initializer.iter().filter(|tensor| read.contains(tensor.name.as_str())) {
            let constant = tensor::constant(initializer, beside)?;
            walk.made = walk.made.saturating_add(constant.len());
            walk.check_room()?;
            walk.values.insert(&initializer.name, Value::Constant(Rc::new(constant)));
        }
        let mut tensor = Tensor { id, dims: first, bytes };
        if last {
            tensor = walk.channels_last(&tensor, &input.name)?;
        }
        walk.values.insert(&input.name, Value::Tensor(tensor));
        Ok(walk)
    }

    /// The input as the file has it.
    fn channels_last(&mut self, first: &Tensor, name: &str) -> Result<Tensor, ImportError> {
        self.build.begin(&format!("{name}/channels last"));
        self.last = true;
        self.build.transpose_back(first.clone(), transposition::TO_LAST.to_vec()).map_err(ImportError::Model)
    }

    /// Refuses to make more numbers than a file of this size has any use for.
    fn check_room(&self) -> Result<(), ImportError> {
        let beside = usize::try_from(self.beside.bytes()).unwrap_or(usize::MAX);
        let room = ROOM.saturating_add(self.bytes.saturating_add(beside).saturating_mul(ROOM_A_BYTE));
        match self.made.saturating_add(self.build.numbers) <= room {
            true => Ok(()),
            false => Err(ImportError::model(
                "the network makes more numbers of its constants than a file of its size has any use for",
            )),
        }
    }

    /// Adds what a node computes, or that it stands in the way.
    fn step(&mut self, node: &'model NodeProto, opset: i64) -> Result<(), ImportError> {
        if self.obstacles.hides_inputs_of(node) {
            self.hidden(node);
            return Ok(());
        }
        self.build.begin(names::label(node));
        let before = self.build.graph.nodes.len();
        let inputs = self.inputs(node);
        let values = inputs.and_then(|inputs| {
            let call = Call { proto: node, opset, inputs, beside: self.beside, ranges: self.ranges };
            values(&call, &mut self.build, self.tail.as_mut())
        });
        match values {
            Ok(values) => {
                self.steep.extend(steep(&self.build.graph, before).map(|id| (id, node)));
                for (name, value) in node.output.iter().zip(values) {
                    self.halves |= value.tensor().is_some() && is_to_half(node);
                    if let Value::Constant(constant) = &value {
                        self.made = self.made.saturating_add(constant.len());
                    }
                    self.values.insert(name, value);
                }
                self.check_room()
            }
            Err(problem) => {
                self.obstacles.add(node, problem, self.float_input(node));
                Ok(())
            }
        }
    }

    /// Computes functions that approach no straight line, and that no other function was composed of, as products where that is
    /// what they are, and refuses the others, as far as the value `end` depends on them.
    fn settle_steep(&mut self, end: &str) {
        let steep = std::mem::take(&mut self.steep);
        let mut needed = if steep.is_empty() { Vec::new() } else { self.needed(end) };
        for (id, node) in steep.into_iter().rev() {
            if !needed[id.0] {
                continue;
            }
            if let Some(factors) = self.build.products.get(&id) {
                let product = &mut self.build.graph.nodes[id.0];
                (product.op, product.inputs) = (Op::Multiply, factors.to_vec());
                needed = self.needed(end);
                continue;
            }
            let problem = match node.op_type.as_str() {
                "Div" => arithmetic::QUOTIENT,
                _ => UNSUPPORTED,
            };
            self.obstacles.add(node, problem.into(), self.float_input(node));
        }
    }

    /// The nodes that the value `end` depends on; where that cannot be known yet, those that are not part of others.
    fn needed(&mut self, end: &str) -> Vec<bool> {
        let graph = &mut self.build.graph;
        match self.values.get(end) {
            Some(Value::Tensor(result)) => {
                graph.output = result.id;
                graph.live()
            }
            _ => graph.iter().map(|(id, _)| !self.build.replaced.contains(&id)).collect(),
        }
    }

    /// A node that reads what cannot be known: it is in the way as well if no value would change that.
    fn hidden(&mut self, node: &'model NodeProto) {
        let is_tensor = |name: &&String| {
            matches!(self.values.get(name.as_str()), Some(Value::Tensor(_)))
                || self.obstacles.hides_tensor(name)
        };
        let tensors = node.input.iter().filter(is_tensor).count();
        let name = node.op_type.as_str();
        let gives_tensor = tensors > 0 && !matches!(name, "Shape" | "Size");
        let at_end = self.tail.as_ref().is_some_and(|tail| tail.holds(node));
        let problem = match unsupported(node) {
            _ if at_end => None,
            None if gives_tensor && !is_supported(name) => Some(UNSUPPORTED.into()),
            None if tensors > 1 && PRODUCTS.contains(&name) => Some(arithmetic::PRODUCT.into()),
            problem => problem,
        };
        match problem {
            Some(problem) => self.obstacles.add(node, problem, None),
            None => self.obstacles.hide(node, gives_tensor),
        }
    }

    /// The first computed float value that a node reads, but the network's input.
    fn float_input(&self, node: &'model NodeProto) -> Option<&'model str> {
        let is_float = |name: &&String| match self.values.get(name.as_str()) {
            Some(Value::Tensor(tensor)) => tensor.id != self.build.graph.input && !tensor.bytes,
            _ => false,
        };
        node.input.iter().find(is_float).map(String::as_str)
    }

    fn inputs(&self, node: &NodeProto) -> Problem<Vec<Option<Value>>> {
        let find = |name: &String| match self.values.get(name.as_str()) {
            Some(value) => Ok(Some(value.clone())),
            None if name.is_empty() => Ok(None),
            None => Err(format!(
                "reads \"{name}\", which nothing computes or which is a further output of a node"
            )),
        };
        node.input.iter().map(find).collect()
    }
}

/// What a node computes, output by output; further outputs of operators with one result are none.
fn values<'model>(
    call: &Call<'model>,
    build: &mut Builder,
    tail: Option<&mut Tail<'model>>,
) -> Problem<Vec<Value>> {
    if call.proto.op_type == "Dropout" && call.opset >= 12 {
        no_training(call)?;
    }
    if let Some(left_out) = tail.and_then(|tail| tail.leaves_out(call)) {
        return left_out.and_then(|()| call.tensor(0).cloned()).map(|tensor| vec![Value::Tensor(tensor)]);
    }
    if let Some(problem) = unsupported(call.proto) {
        return Err(problem);
    }
    if let Some(constant) = fold::fold(call)? {
        return Ok(vec![Value::Constant(constant)]);
    }
    attributes::check(call.proto)?;
    if let Some(operator) = several(&call.proto.op_type) {
        return operator(call, build);
    }
    let operator = operator(&call.proto.op_type).ok_or(UNSUPPORTED)?;
    if selection::all_constant(&call.inputs) && matches!(call.input(0), Some(Value::Constant(_))) {
        return evaluate::evaluate(call, operator).map(|constant| vec![Value::Constant(constant)]);
    }
    let reads_quantised = call.proto.input.iter().any(|name| build.quantised.contains_key(name));
    if reads_quantised && call.proto.op_type != "DequantizeLinear" {
        return Err(
            "computes with the integers of QuantizeLinear: export with a DequantizeLinear before it (QDQ)"
                .into(),
        );
    }
    let bytes = |value: &Value| matches!(value, Value::Tensor(tensor) if tensor.bytes);
    if call.inputs.iter().flatten().any(bytes) && !ON_BYTES.contains(&call.proto.op_type.as_str()) {
        return Err("computes with bytes (uint8): cast the input to float before it".into());
    }
    let tensor = transposed(call, build, operator).unwrap_or_else(|| operator(call, build))?;
    Ok(vec![Value::Tensor(tensor)])
}

/// What an operator makes of what its operands are transpositions of, transposed.
fn transposed(call: &Call, build: &mut Builder, operator: Operator) -> Option<Problem<Tensor>> {
    let (before, order) = transposition::before(call, build)?;
    let result = operator(&before, build).ok()?;
    Some(build.transpose_back(result, order))
}

/// The activations from position `first` on of functions that approach no straight line.
fn steep(graph: &Graph, first: usize) -> impl Iterator<Item = NodeId> {
    let is_steep = |function: &Function| function.smooth().is_some_and(|smooth| smooth.ends().is_none());
    let nodes = graph.iter().skip(first);
    nodes
        .filter(move |(_, node)| node.op.functions().is_some_and(|all| all.iter().any(is_steep)))
        .map(|(id, _)| id)
}

/// Why no input would make an operation one that is supported.
fn unsupported(node: &NodeProto) -> Option<String> {
    let name = node.op_type.as_str();
    match node.domain.as_str() {
        "" | "ai.onnx" if is_supported(name) || fold::knows(name) => None,
        "" | "ai.onnx" if matches!(name, "Softmax" | "LogSoftmax" | "ArgMax") => {
            Some("is supported only as the last operator".into())
        }
        "" | "ai.onnx" => Some(UNSUPPORTED.into()),
        other => Some(format!("operators of domain {other:?} are not supported")),
    }
}

/// From a call to its result, or to all of several ones.
type Operator<Results = Tensor> = fn(&Call, &mut Builder) -> Problem<Results>;

/// Whether a computed tensor can be given to an operator.
fn is_supported(name: &str) -> bool {
    operator(name).is_some() || several(name).is_some()
}

/// What becomes of a tensor, or of a constant, where that are several ones.
fn several(name: &str) -> Option<Operator<Vec<Value>>> {
    (name == "Split").then_some(split::split)
}

/// Why an operator is refused that is not known, or for constants only.
const UNSUPPORTED: &str = "the operator is not supported";

/// Operators that move bytes as well as floats.
const ON_BYTES: &[&str] = &[
    "Cast",
    "DequantizeLinear",
    "Identity",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "DepthToSpace",
    "SpaceToDepth",
    "Slice",
    "Gather",
    "GatherND",
    "Expand",
    "Tile",
    "Pad",
    "Concat",
    "MaxPool",
    "Dropout",
];

/// Operators that are supported where at most one operand is computed.
const PRODUCTS: &[&str] = &["Div", "MatMul", "Gemm", "Conv", "ConvTranspose"];

/// What becomes of a computed tensor.
fn operator(name: &str) -> Option<Operator> {
    Some(match name {
        "Conv" => linear::conv,
        "ConvTranspose" => conv_transpose::conv_transpose,
        "Gemm" => linear::gemm,
        "MatMul" => linear::mat_mul,
        "BatchNormalization" => arithmetic::batch_normalization,
        "Add" => arithmetic::add,
        "Sum" => arithmetic::sum,
        "Mean" => arithmetic::mean,
        "Sub" => arithmetic::sub,
        "Mul" => arithmetic::mul,
        "Div" => arithmetic::div,
        "Neg" => arithmetic::neg,
        "Where" => choosing::choose,
        "Max" => arithmetic::max,
        "Min" => arithmetic::min,
        "Relu" => activation::relu,
        "Clip" => activation::clip,
        "Abs" => activation::abs,
        "LeakyRelu" => activation::leaky_relu,
        "PRelu" => activation::parametric_relu,
        "HardSigmoid" => activation::hard_sigmoid,
        "ThresholdedRelu" => activation::thresholded_relu,
        name if smooth::knows(name) => smooth::import,
        "MaxPool" => pooling::max,
        "AveragePool" => pooling::average,
        "GlobalMaxPool" => pooling::global_max,
        "GlobalAveragePool" => pooling::global_average,
        "ReduceMean" => reduction::mean,
        "ReduceSum" => reduction::sum,
        "ReduceMax" => reduction::max,
        "ReduceMin" => reduction::min,
        "Concat" => joining::concat,
        "Slice" => selection::slice,
        "Pad" => padding::pad,
        "Expand" => selection::expand,
        "Gather" => selection::gather,
        "GatherND" => selection::gather_nd,
        "Tile" => selection::tile,
        "Resize" | "Upsample" => resize::resize,
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => reshaping::tensor,
        "Transpose" => reshaping::transpose,
        "DepthToSpace" => reshaping::depth_to_space,
        "SpaceToDepth" => reshaping::space_to_depth,
        "QuantizeLinear" => quantisation::quantize,
        "DequantizeLinear" => quantisation::dequantize,
        "Identity" | "Dropout" => identity,
        "Cast" => cast,
        _ => return None,
    })
}

fn identity(call: &Call, _: &mut Builder) -> Problem<Tensor> {
    call.tensor(0).cloned()
}

/// Refuses a Dropout that drops.
fn no_training(call: &Call) -> Problem<()> {
    match call.optional_constant(2)?.map(|training| training.scalar()).transpose()? {
        None | Some(0.0) => Ok(()),
        Some(_) => Err("is for training (training_mode): export the model for inference".into()),
    }
}

/// Whether an operation casts to a float type of 16 bits.
fn is_to_half(node: &NodeProto) -> bool {
    let half = [data_type::FLOAT16, data_type::BFLOAT16].map(i64::from);
    let to = |attribute: &AttributeProto| attribute.name == "to" && half.contains(&attribute.i);
    node.op_type == "Cast" && node.attribute.iter().any(to)
}

fn cast(call: &Call, _: &mut Builder) -> Problem<Tensor> {
    match call.int("to", 0) as i32 {
        data_type::FLOAT | data_type::DOUBLE | data_type::FLOAT16 | data_type::BFLOAT16 => {
            Ok(Tensor { bytes: false, ..call.tensor(0)?.clone() })
        }
        other => Err(format!(
            "attribute to = {}: a computed tensor can only be cast to a float type",
            data_type::name(other)
        )),
    }
}
