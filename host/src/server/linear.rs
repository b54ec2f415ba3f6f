//! The server's online half of a linear layer, on its own weights in the clear.

use brelu_core::geometry::Shape;
use brelu_core::protocol::linear;
use brelu_core::share::Wiped;
use rayon::prelude::*;

use super::model::LinearNode;
use crate::row_major::read_row;

/// What client and dealer sent ahead for one linear layer.
pub(super) struct Halves<'a> {
    pub(super) u: &'a [u8],
    pub(super) v: &'a [u8],
}

/// The server's component of the output, from its components of the inputs.
pub(super) fn run(
    node: &LinearNode,
    shape: Shape,
    n: u8,
    f: u8,
    inputs: &[&[u32]],
    halves: &Halves<'_>,
) -> Vec<u32> {
    let mut out = vec![0; shape.len()];
    for (plane, start) in out.chunks_exact_mut(shape.plane()).zip(node.start.iter()) {
        plane.fill(*start);
    }
    for (map, input) in node.maps.iter().zip(inputs) {
        // The plan gave map, input and output their shapes; a kernel built from it takes them.
        let done = map.accumulate(input, &mut out);
        debug_assert!(done.is_ok());
    }
    let width = shape.width as usize;
    out.par_chunks_exact_mut(shape.plane()).enumerate().for_each_init(
        || (Wiped::new(vec![0; width]), Wiped::new(vec![0; width])),
        |(u, v), (channel, plane)| {
            for (row, out) in plane.chunks_exact_mut(width).enumerate() {
                read_row(shape, n, halves.u, channel, row, u);
                read_row(shape, n, halves.v, channel, row, v);
                linear::server(out, u, v, n, f);
            }
        },
    );
    out
}
