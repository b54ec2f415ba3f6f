//! Products of two tensors, whose results have scales that the scales of their factors say.
//!
//! Where such a result is tied to another tensor, as by an addition, or to another of its own channels, as by the output of
//! the network, a depthwise map of ones stands between: it ties nothing.

use super::super::CompileError;
use super::super::net::{Id, Net, Node, Op, Term};
use super::super::ties::{self, Ties};
use super::depthwise;

/// The network with a map behind every product whose result must be in another unit than its factors say.
pub(super) fn release(net: Net) -> Result<Net, CompileError> {
    if !net.nodes.iter().any(|node| node.op.is_product()) {
        return Ok(net);
    }
    let tied = tied(&net)?;
    let (mut released, mut ids) = (Net::default(), Vec::new());
    for (node, tied) in net.nodes.into_iter().zip(tied) {
        let Node { name, shape, .. } = node.clone();
        let op = node.op.renamed(|input| ids[input]);
        released.nodes.push(Node { op, ..node });
        let mut id = released.output();
        if tied {
            id = unit(&mut released, &name, id)?;
            debug_assert_eq!(released.shape(id), shape);
        }
        ids.push(id);
    }
    Ok(released)
}

/// The tensor `id` in a unit of its own.
fn unit(net: &mut Net, name: &str, id: Id) -> Result<Id, CompileError> {
    let shape = net.shape(id);
    let channels = shape.channels as usize;
    let term = Term::new(id, depthwise(shape, [1; 2]), vec![1.0; channels])?;
    Ok(net.push(format!("{name}/unit"), shape, Op::Linear { terms: vec![term], bias: vec![0.0; channels] }))
}

/// The products of which a channel shares its scale with anything else that has one of its own.
fn tied(net: &Net) -> Result<Vec<bool>, CompileError> {
    let ties = Ties::new(net, ties::USUAL)?;
    let mut sources = vec![0u32; ties.len()];
    let channels = |id: Id| (0..net.shape(id).channels as usize).map(move |channel| (id, channel));
    let is_source = |op: &Op| matches!(op, Op::Input | Op::Linear { .. } | Op::Product { .. });
    for (id, _) in net.nodes.iter().enumerate().filter(|(_, node)| is_source(&node.op)) {
        channels(id).for_each(|(id, channel)| sources[ties.class(id, channel).0] += 1);
    }
    let shared = |(id, channel)| sources[ties.class(id, channel).0] > 1;
    let of = |(id, node): (Id, &Node)| node.op.is_product() && channels(id).any(shared);
    Ok(net.nodes.iter().enumerate().map(of).collect())
}
