//! Operations that every party does on its own component: sums, joins, views, pooling. They are linear, so they are the
//! same on components and on plain integers.

use brelu_core::geometry::Shape;
use brelu_core::masks::span;
use brelu_core::plan::{Axis, Edge, Node, NodeId, Op};
use brelu_core::ring;
use rayon::prelude::*;

/// Computes a local node from the tensors it reads; `None` if the node is not local.
///
/// `get` returns the shape and the words of a tensor. `Offset` adds nothing here: its constants are the server's.
pub fn local<'t>(node: &Node<'_>, get: impl Fn(NodeId) -> (Shape, &'t [u32]) + Sync) -> Option<Vec<u32>> {
    let mut out = match &node.op {
        Op::Offset { input } | Op::Reshape { input } => get(*input).1.to_vec(),
        Op::Shift { input, by } => {
            let mut out = get(*input).1.to_vec();
            ring::shift(&mut out, *by);
            out
        }
        Op::Add { left, right, subtract } => {
            let mut out = get(*left).1.to_vec();
            let right = get(*right).1;
            if *subtract {
                ring::sub(&mut out, right)
            } else {
                ring::add(&mut out, right)
            }
            out
        }
        Op::Concat { inputs } => inputs.iter().flat_map(|input| get(*input).1).copied().collect(),
        Op::View { input, axes, edge } => view(node.shape, get(*input), axes, *edge),
        Op::SumPool { input, kernel, stride, pads } => pool(node.shape, get(*input), *kernel, *stride, *pads),
        Op::Input | Op::Linear { .. } | Op::Activation { .. } => return None,
    };
    ring::reduce(&mut out, node.bits);
    Some(out)
}

fn view(shape: Shape, (from, words): (Shape, &[u32]), axes: &[Axis; 3], edge: Edge) -> Vec<u32> {
    let columns: Vec<Option<u32>> =
        (0..shape.width).map(|column| edge.resolve(axes[2].source(column), from.width)).collect();
    let mut out = vec![0; shape.len()];
    let width = shape.width as usize;
    for (index, out) in out.chunks_exact_mut(width).enumerate() {
        let (channel, row) = ((index / shape.height as usize) as u32, (index % shape.height as usize) as u32);
        let channel = edge.resolve(axes[0].source(channel), from.channels);
        let row = edge.resolve(axes[1].source(row), from.height);
        let (Some(channel), Some(row)) = (channel, row) else { continue };
        let start = (channel as usize * from.height as usize + row as usize) * from.width as usize;
        for (out, column) in out.iter_mut().zip(&columns) {
            *out = column.map_or(0, |column| words[start + column as usize]);
        }
    }
    out
}

fn pool(
    shape: Shape,
    (from, words): (Shape, &[u32]),
    kernel: [u16; 2],
    stride: [u16; 2],
    pads: [u16; 2],
) -> Vec<u32> {
    let mut out = vec![0; shape.len()];
    out.par_chunks_exact_mut(shape.plane()).zip(words.par_chunks_exact(from.plane())).for_each(
        |(out, plane)| {
            for (row, out) in (0..).zip(out.chunks_exact_mut(shape.width as usize)) {
                let rows = span(row, kernel[0], stride[0], pads[0], from.height);
                for (column, out) in (0..).zip(out) {
                    let columns = span(column, kernel[1], stride[1], pads[1], from.width);
                    *out = rows.clone().fold(0u32, |sum, row| {
                        let row = &plane[row as usize * from.width as usize..];
                        let row = &row[columns.start as usize..columns.end as usize];
                        row.iter().fold(sum, |sum, value| sum.wrapping_add(*value))
                    });
                }
            }
        },
    );
    out
}
