//! The server's online half of a linear layer, on its own weights in the clear.

use brelu_core::geometry::Shape;
use brelu_core::prf::Stream;
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

/// The server's component of the output, from its components of the inputs. `rounding` makes the stream that the dealer has,
/// too.
pub(super) fn run(
    node: &LinearNode,
    shape: Shape,
    n: u8,
    f: u8,
    inputs: &[&[u32]],
    halves: &Halves<'_>,
    rounding: impl Fn() -> Stream + Sync,
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
    let (width, len) = (shape.width as usize, shape.plane());
    out.par_chunks_exact_mut(len).enumerate().for_each_init(
        || (rounding(), Wiped::new(vec![0; len]), Wiped::new(vec![0; width]), Wiped::new(vec![0; width])),
        |(stream, r, u, v), (channel, plane)| {
            if f > 0 {
                stream.fill(f, (channel * len) as u64, r);
            }
            for (row, (out, r)) in plane.chunks_exact_mut(width).zip(r.chunks_exact(width)).enumerate() {
                read_row(shape, n, halves.u, channel, row, u);
                read_row(shape, n, halves.v, channel, row, v);
                linear::server(out, r, u, v, n, f);
            }
        },
    );
    out
}
