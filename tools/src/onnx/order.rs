//! Which operations the output needs, and in which order.

use super::error::ImportError;
use super::proto::{GraphProto, NodeProto};
use std::collections::HashMap;

/// The operation that computes each name.
pub(super) type Producers<'model> = HashMap<&'model str, &'model NodeProto>;

/// Of a graph whose names were checked.
pub(super) fn producers(graph: &GraphProto) -> Producers<'_> {
    let named =
        graph.node.iter().flat_map(|node| node.output.iter().map(move |output| (output.as_str(), node)));
    named.filter(|(output, _)| !output.is_empty()).collect()
}

/// The operations `output` depends on, inputs first.
pub(super) fn needed<'model>(
    producers: &Producers<'model>,
    output: &str,
) -> Result<Vec<&'model NodeProto>, ImportError> {
    let mut order = Vec::new();
    let mut state: HashMap<*const NodeProto, bool> = HashMap::new();
    let mut stack: Vec<(&NodeProto, usize)> =
        producers.get(output).map(|node| (*node, 0)).into_iter().collect();
    while let Some((node, next)) = stack.pop() {
        if next == 0 && state.insert(node, false).is_some() {
            return Err(ImportError::model("the network is malformed"));
        }
        let Some(input) = node.input.get(next) else {
            state.insert(node, true);
            order.push(node);
            continue;
        };
        stack.push((node, next + 1));
        let Some(before) = producers.get(input.as_str()).copied() else { continue };
        match state.get(&std::ptr::from_ref(before)) {
            None => stack.push((before, 0)),
            Some(true) => {}
            Some(false) => {
                return Err(ImportError::model(format!(
                    "the network is cyclic: \"{input}\" depends on itself"
                )));
            }
        }
    }
    Ok(order)
}
