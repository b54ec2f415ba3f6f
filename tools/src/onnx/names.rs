//! Whether every name of a model means one thing.

use std::collections::{HashMap, HashSet};

use super::error::ImportError;
use super::proto::{GraphProto, NodeProto};

/// Refuses a network in which a name stands for two values, which runtimes read differently. An initializer may have the
/// name of an input: it is its value.
pub(super) fn check(graph: &GraphProto) -> Result<(), ImportError> {
    let twice = |name: &str, what: &str| {
        ImportError::model(format!(
            "the name {name:?} stands for {what}: the model is ambiguous, give every value a name of its own"
        ))
    };
    let (mut constants, mut inputs, mut outputs) = (HashSet::new(), HashSet::new(), HashMap::new());
    for tensor in &graph.initializer {
        if !constants.insert(tensor.name.as_str()) {
            return Err(twice(&tensor.name, "two initializers"));
        }
    }
    for input in &graph.input {
        if !inputs.insert(input.name.as_str()) {
            return Err(twice(&input.name, "two inputs"));
        }
    }
    for node in &graph.node {
        for name in node.output.iter().map(String::as_str).filter(|name| !name.is_empty()) {
            let output = format!("an output of node {:?} ({})", label(node), node.op_type);
            if constants.contains(name) {
                return Err(twice(name, &format!("an initializer and for {output}")));
            }
            if inputs.contains(name) {
                return Err(twice(name, &format!("an input and for {output}")));
            }
            if outputs.insert(name, node).is_some() {
                return Err(twice(
                    name,
                    &format!("outputs of two nodes, the second {:?} ({})", label(node), node.op_type),
                ));
            }
        }
        let mut attributes = HashSet::new();
        if let Some(again) = node.attribute.iter().find(|attribute| !attributes.insert(&attribute.name)) {
            return Err(ImportError::Node {
                node: label(node).into(),
                operator: node.op_type.clone(),
                problem: format!("has attribute {} twice", again.name),
            });
        }
    }
    Ok(())
}

/// What a node is called in messages: its name, or that of its first output.
pub(super) fn label(node: &NodeProto) -> &str {
    match node.name.as_str() {
        "" => node.output.first().map_or("", String::as_str),
        name => name,
    }
}
