//! Products whose results and gates both have scales that other tensors ask for: a depthwise map of ones behind such a product
//! ties nothing.

use super::super::CompileError;
use super::super::net::{Id, Net, Node, Op, Term};
use super::super::products::{Free, free};
use super::super::ties::{self, Ties};
use super::depthwise;

/// The network with a map behind every product that has no free scale.
pub(super) fn release(net: Net) -> Result<Net, CompileError> {
    if !net.nodes.iter().any(|node| node.op.is_product()) {
        return Ok(net);
    }
    let free = free(&net, &Ties::new(&net, ties::USUAL)?);
    let (mut released, mut ids) = (Net::default(), Vec::new());
    for (node, free) in net.nodes.into_iter().zip(free) {
        let op = node.op.renamed(|input| ids[input]);
        released.nodes.push(Node { op, ..node });
        let mut id = released.output();
        if free == Some(Free::Nothing) {
            id = unit(&mut released, id)?;
        }
        ids.push(id);
    }
    Ok(released)
}

/// The tensor `id` in a unit of its own.
fn unit(net: &mut Net, id: Id) -> Result<Id, CompileError> {
    let (shape, name) = (net.shape(id), format!("{}/unit", net.nodes[id].name));
    let channels = shape.channels as usize;
    let term = Term::new(id, depthwise(shape, [1; 2]), vec![1.0; channels])?;
    Ok(net.push(name, shape, Op::Linear { terms: vec![term], bias: vec![0.0; channels] }))
}
