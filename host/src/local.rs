//! Operations without exchange on whole tensors, on all cores.

use brelu_core::geometry::Shape;
use brelu_core::plan::{Node, NodeId, Op};
use brelu_core::ring;
use rayon::prelude::*;

/// Elements of one piece of work, read or written.
const PIECE: usize = 1 << 14;

/// Computes a local node from the tensors it reads; `None` if the node is not local.
///
/// `get` returns the shape and the words of a tensor. `Offset` adds nothing here: its constants are the server's.
pub fn local<'t>(node: &Node<'_>, get: impl Fn(NodeId) -> (Shape, &'t [u32]) + Sync) -> Option<Vec<u32>> {
    let Op::Local(local) = &node.op else { return None };
    let to = node.shape;
    let largest = local.inputs().iter().map(|input| get(*input).0.plane()).fold(to.plane(), usize::max);
    let planes = (PIECE / largest).max(1);
    let compute = |(index, out): (usize, &mut [u32])| {
        local.planes(to, index * planes, out, &get);
        ring::reduce(out, node.bits);
    };
    let mut out = vec![0; to.len()];
    match to.channels as usize <= planes {
        true => compute((0, &mut out)),
        false => out.par_chunks_mut(planes * to.plane()).enumerate().for_each(compute),
    }
    Some(out)
}
