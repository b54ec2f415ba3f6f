//! The order of a plan's nodes: activations and products of the same depth stand together, so that they share a round trip.

use super::net::{Id, Net};

/// Keeps what `output` depends on, by the number of round trips before it.
pub(super) fn by_depth(net: Net, output: Id) -> Net {
    let depths = depths(&net);
    let live = live(&net, output);
    let mut order: Vec<Id> = (0..net.nodes.len()).filter(|id| live[*id]).collect();
    order.sort_by_key(|id| (depths[*id], !net.nodes[*id].op.is_exchange(), *id));
    let mut positions = vec![0; net.nodes.len()];
    order.iter().enumerate().for_each(|(position, id)| positions[*id] = position);
    let mut nodes: Vec<Option<_>> = net.nodes.into_iter().map(Some).collect();
    let mut sorted = Net::default();
    for id in order {
        if let Some(mut node) = nodes[id].take() {
            node.op = node.op.renamed(|input| positions[input]);
            sorted.nodes.push(node);
        }
    }
    sorted
}

/// The most activations and products on a path that ends with a node.
fn depths(net: &Net) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::new();
    for node in &net.nodes {
        let before = node.op.inputs().into_iter().map(|input| depths[input]).max().unwrap_or(0);
        depths.push(before + usize::from(node.op.is_exchange()));
    }
    depths
}

/// What `output` depends on; the input always counts.
fn live(net: &Net, output: Id) -> Vec<bool> {
    let mut live: Vec<bool> = (0..net.nodes.len()).map(|id| id == 0 || id == output).collect();
    for (id, node) in net.nodes.iter().enumerate().rev() {
        if live[id] {
            node.op.inputs().into_iter().for_each(|input| live[input] = true);
        }
    }
    live
}
