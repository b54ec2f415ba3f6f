//! The input and the output of the network.

use super::ImportOptions;
use super::error::ImportError;
use super::order::Producers;
use super::proto::{Dimension, GraphProto, NodeProto, ValueInfoProto};
use std::collections::HashSet;

/// Operators that leave the ranking of classes as it is, or turn it into an answer: the client can do without or do
/// it itself.
const DROPPED: [&str; 3] = ["Softmax", "LogSoftmax", "ArgMax"];

/// The name whose value is the result: the chosen output, without operations the client does itself.
pub(super) fn output<'model>(
    graph: &'model GraphProto,
    producers: &Producers<'model>,
    options: &ImportOptions,
    notes: &mut Vec<String>,
) -> Result<&'model str, ImportError> {
    let mut name = match &options.output {
        Some(chosen) => producers
            .get_key_value(chosen.as_str())
            .map(|(name, _)| *name)
            .ok_or_else(|| no_output(graph, chosen))?,
        None => {
            graph.output.first().ok_or_else(|| ImportError::model("the model has no output"))?.name.as_str()
        }
    };
    let mut seen = HashSet::new();
    while let Some(node) = producers.get(name).filter(|node| is_dropped(node, options.output.is_none())) {
        let input = node.input.first().map(String::as_str);
        let Some(input) = input.filter(|input| seen.insert(*input)) else { break };
        notes.push(format!(
            "The last operator {} is left out; the network's output is its input \"{input}\".",
            node.op_type
        ));
        name = input;
    }
    Ok(name)
}

/// Whether the client can do without an operator or do it itself: interpolation of the map of scores too, unless `maps`
/// says that the user chose it.
pub(super) fn is_dropped(node: &NodeProto, maps: bool) -> bool {
    let mode = node.attribute.iter().find(|attribute| attribute.name == "mode");
    let interpolates = mode.is_some_and(|mode| mode.s != b"nearest");
    match node.op_type.as_str() {
        "Resize" | "Upsample" => maps && interpolates,
        other => DROPPED.contains(&other),
    }
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

/// The dimensions of the input with a batch of one, open ones taken from the options.
pub(super) fn input_dims(input: &ValueInfoProto, options: &ImportOptions) -> Result<Vec<usize>, ImportError> {
    let tensor = input.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let declared = tensor.and_then(|tensor| tensor.shape.as_ref()).map_or(&[][..], |shape| &shape.dim);
    let wanted = options.input.map(|shape| [1, shape.channels, shape.height, shape.width]);
    if declared.is_empty() {
        let wanted = wanted.ok_or_else(|| shape_needed(input, "none"))?;
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
            (0, None, _) => 1,
            (_, Some(fixed), Some(chosen)) if fixed != chosen => {
                let text = format!("dimension {axis} of input \"{}\" is {fixed}, not {chosen}", input.name);
                return Err(ImportError::model(text));
            }
            (_, Some(size), _) | (_, None, Some(size)) => size,
            (_, None, None) => return Err(shape_needed(input, "an open one")),
        };
        dims.push(usize::try_from(size).unwrap_or(usize::MAX));
    }
    if dims.len() > 1 && dims[0] != 1 {
        let text = format!(
            "input \"{}\" is for a batch of {}; export the model for a batch of 1",
            input.name, dims[0]
        );
        return Err(ImportError::model(text));
    }
    Ok(dims)
}

fn shape_needed(input: &ValueInfoProto, what: &str) -> ImportError {
    let name = &input.name;
    ImportError::model(format!(
        "input \"{name}\" has no fixed shape ({what}); give channels, height and width"
    ))
}
