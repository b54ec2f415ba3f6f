//! The input and the output of the network.

use super::ImportOptions;
use super::error::ImportError;
use super::order::Producers;
use super::proto::{Dimension, GraphProto, TensorTypeProto, ValueInfoProto, data_type};
use brelu_core::geometry::Shape;
use std::collections::HashSet;

/// The name whose value is the result: the chosen output, or the first one of the file. Says which others there are.
pub(super) fn output<'model>(
    graph: &'model GraphProto,
    producers: &Producers<'model>,
    options: &ImportOptions,
    notes: &mut Vec<String>,
) -> Result<&'model str, ImportError> {
    if let Some(chosen) = &options.output {
        let found = producers.get_key_value(chosen.as_str()).map(|(name, _)| *name);
        return found.ok_or_else(|| no_output(graph, chosen));
    }
    let [first, others @ ..] = graph.output.as_slice() else {
        return Err(ImportError::model("the model has no output"));
    };
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|output| output.name.as_str()).collect();
        notes.push(format!(
            "The network's output is {:?}; other outputs of the file are left out: {names:?}. --output takes one of them.",
            first.name
        ));
    }
    Ok(first.name.as_str())
}

fn no_output(graph: &GraphProto, chosen: &str) -> ImportError {
    let outputs: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    ImportError::model(format!("the model computes no \"{chosen}\"; its outputs are {outputs:?}"))
}

/// The only input that is not a constant.
pub(super) fn input(graph: &GraphProto) -> Result<&ValueInfoProto, ImportError> {
    let constants: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let inputs: Vec<_> =
        graph.input.iter().filter(|input| !constants.contains(input.name.as_str())).collect();
    match inputs[..] {
        [input] => Ok(input),
        [] => Err(ImportError::model("the model has no input")),
        _ => {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            Err(ImportError::model(format!(
                "the model has several inputs {names:?}; only one image is supported"
            )))
        }
    }
}

fn tensor_type(input: &ValueInfoProto) -> Option<&TensorTypeProto> {
    input.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref())
}

/// Whether the elements of the input are bytes; refuses others than those and floats.
pub(super) fn takes_bytes(input: &ValueInfoProto) -> Result<bool, ImportError> {
    if input.r#type.is_some() && tensor_type(input).is_none() {
        return Err(ImportError::model(format!("input \"{}\" is no tensor", input.name)));
    }
    match tensor_type(input).map_or(data_type::FLOAT, |tensor| tensor.elem_type) {
        data_type::FLOAT | data_type::FLOAT16 | data_type::BFLOAT16 | data_type::DOUBLE => Ok(false),
        data_type::UINT8 => Ok(true),
        other => Err(ImportError::model(format!(
            "input \"{}\" has elements of type {}: float (float32) and uint8 are supported, export the model with one \
             of them",
            input.name,
            data_type::name(other)
        ))),
    }
}

/// The type of the input's elements if they are floats of another kind than the usual one.
pub(super) fn other_float(input: &ValueInfoProto) -> Option<String> {
    let kind = tensor_type(input).map_or(data_type::FLOAT, |tensor| tensor.elem_type);
    matches!(kind, data_type::FLOAT16 | data_type::BFLOAT16 | data_type::DOUBLE)
        .then(|| data_type::name(kind))
}

/// The dimensions of the input with a batch of one, open ones taken from the options; `last` if channels come last.
pub(super) fn input_dims(
    input: &ValueInfoProto,
    options: &ImportOptions,
    last: bool,
) -> Result<Vec<usize>, ImportError> {
    let declared =
        tensor_type(input).and_then(|tensor| tensor.shape.as_ref()).map_or(&[][..], |shape| &shape.dim);
    let wanted = options.input.map(|Shape { channels, height, width }| match last {
        true => [1, height, width, channels],
        false => [1, channels, height, width],
    });
    if declared.is_empty() {
        let wanted = wanted.ok_or_else(|| shape_needed(input, "gives no sizes"))?;
        return Ok(wanted.map(|size| size as usize).to_vec());
    }
    let mut dims = Vec::with_capacity(declared.len());
    for (axis, dimension) in declared.iter().enumerate() {
        let fixed = match &dimension.value {
            Some(Dimension::Value(size)) if *size > 0 => Some(*size),
            _ => None,
        };
        let chosen = wanted.and_then(|wanted| wanted.get(axis).copied()).map(i64::from);
        let size = match (axis, fixed, chosen) {
            // An open batch. A single dimension is none.
            (0, None, _) if declared.len() > 1 => 1,
            (_, Some(fixed), Some(chosen)) if fixed != chosen => {
                let text = format!("dimension {axis} of input \"{}\" is {fixed}, not {chosen}", input.name);
                return Err(ImportError::model(text));
            }
            (_, Some(size), _) | (_, None, Some(size)) => size,
            (_, None, None) => return Err(shape_needed(input, &format!("leaves dimension {axis} open"))),
        };
        dims.push(usize::try_from(size).unwrap_or(usize::MAX));
    }
    check_dims(input, &dims)?;
    Ok(dims)
}

/// Refuses what is no batch of one image or vector, with advice.
fn check_dims(input: &ValueInfoProto, dims: &[usize]) -> Result<(), ImportError> {
    let refusal = |text: &str| Err(ImportError::model(format!("input \"{}\" {text}", input.name)));
    match *dims {
        [size] => refusal(&format!(
            "has one dimension of {size}: export the model with a batch of 1 before it, [1, {size}]"
        )),
        [a, b, c] if a != 1 => refusal(&format!(
            "has the dimensions {dims:?}, not batch, channels, height and width: export the model for an input of [1, {a}, \
             {b}, {c}]"
        )),
        [batch, ..] if batch != 1 => {
            refusal(&format!("is for a batch of {batch}; export the model for a batch of 1"))
        }
        _ => Ok(()),
    }
}

fn shape_needed(input: &ValueInfoProto, what: &str) -> ImportError {
    let name = &input.name;
    ImportError::model(format!(
        "the file {what} in the shape of input \"{name}\"; give channels, height and width, for example --input 3x224x224"
    ))
}
