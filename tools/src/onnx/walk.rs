//! Operation by operation from the file to the graph.

use super::build::{Builder, Tensor, Value, shape};
use super::call::Call;
use super::error::{ImportError, Problem};
use super::proto::{GraphProto, ModelProto, NodeProto, data_type};
use super::{
    Import, ImportOptions, activation, arithmetic, ends, interpolation, linear, order, pooling, reshaping,
    resize, selection,
};
use super::{fold, tensor};
use crate::graph::Graph;
use prost::Message;
use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::rc::Rc;

/// Versions of ONNX's operator set that are understood.
const OPSETS: RangeInclusive<i64> = 7..=22;

/// Most operations of a network; simplifying takes their number squared.
const MAX_NODES: usize = 1 << 14;

/// Numbers that importing a small file may make: constants it computes, and what its operations hold.
const ROOM: usize = 1 << 24;

/// As many more for every byte of the file: weights of 16 bits are computed with, transposed and held well within it.
const ROOM_A_BYTE: usize = 4;

/// Turns the operations that the chosen output needs into nodes, in order.
pub(super) fn walk(model: &ModelProto, options: &ImportOptions) -> Result<Import, ImportError> {
    let graph = model.graph.as_ref().ok_or_else(|| ImportError::model("the file holds no network"))?;
    let opset = opset(model)?;
    let mut notes = Vec::new();
    let producers = order::producers(graph)?;
    let output = ends::output(graph, &producers, options, &mut notes)?;
    let nodes = order::needed(&producers, output)?;
    if nodes.len() > MAX_NODES {
        let text = format!("the network has {} nodes; at most {MAX_NODES} are supported", nodes.len());
        return Err(ImportError::Model(text));
    }
    let (mut build, mut values) = start(graph, &nodes, output, options)?;
    let room = ROOM.saturating_add(model.encoded_len().saturating_mul(ROOM_A_BYTE));
    let mut made = 0;
    for node in nodes {
        made += step(node, opset, &mut build, &mut values)?;
        if made + build.numbers > room {
            let text =
                "the network makes more numbers of its constants than a file of its size has any use for";
            return Err(ImportError::model(text));
        }
    }
    let Some(Value::Tensor(result)) = values.get(output) else {
        return Err(ImportError::model(format!("the output \"{output}\" is not computed from the input")));
    };
    build.graph.output = result.id;
    build.graph.interpolation = interpolation::of_output(model, graph, opset, &producers, output);
    Ok(Import { graph: build.graph, notes })
}

fn opset(model: &ModelProto) -> Result<i64, ImportError> {
    let own = model.opset_import.iter().find(|set| set.domain.is_empty() || set.domain == "ai.onnx");
    let version =
        own.map(|set| set.version).ok_or_else(|| ImportError::model("the model names no operator set"))?;
    match OPSETS.contains(&version) {
        true => Ok(version),
        false => Err(ImportError::Model(format!(
            "operator set {version} is not supported; export the model with operator set {} to {}, for example 13",
            OPSETS.start(),
            OPSETS.end()
        ))),
    }
}

type Values<'model> = HashMap<&'model str, Value>;

/// The graph with its input, and the constants that are read.
fn start<'model>(
    graph: &'model GraphProto,
    nodes: &[&NodeProto],
    output: &str,
    options: &ImportOptions,
) -> Result<(Builder, Values<'model>), ImportError> {
    let input = ends::input(graph)?;
    let dims = ends::input_dims(input, options)?;
    let input_shape =
        shape(&dims).map_err(|problem| ImportError::Model(format!("input \"{}\" {problem}", input.name)))?;
    let build = Builder::new(Graph::new(&graph.name, &input.name, input_shape)?);
    let mut values = HashMap::new();
    let mut read: HashSet<&str> = nodes.iter().flat_map(|node| &node.input).map(String::as_str).collect();
    read.insert(output);
    for initializer in graph.initializer.iter().filter(|initializer| read.contains(initializer.name.as_str()))
    {
        values.insert(initializer.name.as_str(), Value::Constant(Rc::new(tensor::constant(initializer)?)));
    }
    values.insert(&input.name, Value::Tensor(Tensor { id: build.graph.input, dims }));
    Ok((build, values))
}

/// Adds what a node computes; numbers of the constant, if it is one.
fn step<'model>(
    node: &'model NodeProto,
    opset: i64,
    build: &mut Builder,
    values: &mut Values<'model>,
) -> Result<usize, ImportError> {
    let output = node.output.first().map_or("", String::as_str);
    let name = if node.name.is_empty() { output } else { &node.name };
    build.begin(name);
    let value =
        inputs(node, values).and_then(|inputs| value(&Call { proto: node, opset, inputs }, build)).map_err(
            |problem| ImportError::Node { node: name.into(), operator: node.op_type.clone(), problem },
        )?;
    let made = match &value {
        Value::Constant(constant) => constant.len(),
        Value::Tensor(_) => 0,
    };
    values.insert(output, value);
    Ok(made)
}

fn inputs(node: &NodeProto, values: &Values) -> Problem<Vec<Option<Value>>> {
    let find = |name: &String| match values.get(name.as_str()) {
        Some(value) => Ok(Some(value.clone())),
        None if name.is_empty() => Ok(None),
        None => {
            Err(format!("reads \"{name}\", which nothing computes or which is a further output of a node"))
        }
    };
    node.input.iter().map(find).collect()
}

fn value(call: &Call, build: &mut Builder) -> Problem<Value> {
    if !matches!(call.proto.domain.as_str(), "" | "ai.onnx") {
        return Err(format!("operators of domain {:?} are not supported", call.proto.domain));
    }
    match fold::fold(call)? {
        Some(constant) => Ok(Value::Constant(constant)),
        None => operator(call, build).map(Value::Tensor),
    }
}

fn operator(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    match call.proto.op_type.as_str() {
        "Conv" => linear::conv(call, build),
        "Gemm" => linear::gemm(call, build),
        "MatMul" => linear::mat_mul(call, build),
        "BatchNormalization" => arithmetic::batch_normalization(call, build),
        "Add" => arithmetic::add(call, build),
        "Sum" => arithmetic::sum(call, build),
        "Sub" => arithmetic::sub(call, build),
        "Mul" => arithmetic::mul(call, build),
        "Div" => arithmetic::div(call, build),
        "Neg" => arithmetic::neg(call, build),
        "Relu" => activation::relu(call, build),
        "Clip" => activation::clip(call, build),
        "MaxPool" => pooling::max(call, build),
        "AveragePool" => pooling::average(call, build),
        "GlobalMaxPool" => pooling::global_max(call, build),
        "GlobalAveragePool" => pooling::global_average(call, build),
        "ReduceMean" => pooling::reduce_mean(call, build),
        "Concat" => selection::concat(call, build),
        "Slice" => selection::slice(call, build),
        "Pad" => selection::pad(call, build),
        "Expand" => selection::expand(call, build),
        "Gather" => selection::gather(call, build),
        "Resize" | "Upsample" => resize::resize(call, build),
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => reshaping::tensor(call, build),
        "Transpose" => reshaping::transpose(call, build),
        "Identity" | "Dropout" => call.tensor(0).cloned(),
        "Cast" => cast(call),
        "Softmax" | "LogSoftmax" | "ArgMax" => Err(advice(call, "is supported only as the last operator")),
        _ => Err(advice(call, "the operator is not supported")),
    }
}

fn cast(call: &Call) -> Problem<Tensor> {
    match call.int("to", 0) as i32 {
        data_type::FLOAT | data_type::DOUBLE | data_type::FLOAT16 | data_type::BFLOAT16 => {
            call.tensor(0).cloned()
        }
        other => Err(format!("attribute to = {other}: a computed tensor can only be cast to a float type")),
    }
}

fn advice(call: &Call, problem: &str) -> String {
    match call.proto.input.first().filter(|input| !input.is_empty()) {
        Some(input) => format!("{problem}; choose an output before it, for example with --output {input:?}"),
        None => problem.into(),
    }
}
