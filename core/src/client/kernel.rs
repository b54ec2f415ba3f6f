//! The client's only heavy computation, `x_cd * W_cs`, behind a trait: a host brings a fast one.

use zeroize::Zeroize;

use crate::geometry::Conv2d;
use crate::plan::NodeId;
use crate::prf::{Address, PairKey};
use crate::ring;

/// Applies maps whose weights are `W_cs`.
pub trait LinearKernel {
    /// `out += x * W_cs` modulo 2^`bits` for linear term `term` of node `node`.
    ///
    /// `map` is the term's map, or the part of it that yields some rows; `x` and `out` have its input and output
    /// shape. The weights are the stream [`Address::weights`] of `key`, `bits` bits each.
    #[allow(clippy::too_many_arguments)]
    fn accumulate(
        &mut self,
        key: &PairKey,
        node: NodeId,
        term: u8,
        map: &Conv2d,
        bits: u8,
        x: &[u32],
        out: &mut [u32],
    );
}

/// The kernel for any machine: no memory beyond a few weights on the stack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

const PIECE: usize = 64;

impl LinearKernel for Portable {
    fn accumulate(
        &mut self,
        key: &PairKey,
        node: NodeId,
        term: u8,
        map: &Conv2d,
        bits: u8,
        x: &[u32],
        out: &mut [u32],
    ) {
        let Some(shape) = map.output() else { return };
        let (fan_in, mut stream) = (map.fan_in(), key.stream(Address::weights(node, term)));
        let mut weights = [0; PIECE];
        for (channel, out) in out.chunks_exact_mut(shape.plane()).enumerate() {
            let group = channel / (map.out_channels / map.groups) as usize;
            let x = &x[group * map.group_inputs() as usize * map.input.plane()..];
            for first in (0..fan_in).step_by(PIECE) {
                let weights = &mut weights[..PIECE.min(fan_in - first)];
                stream.fill(bits, (channel * fan_in + first) as u64, weights);
                for (index, weight) in weights.iter().enumerate() {
                    tap(map, shape.width as usize, first + index, *weight, x, out);
                }
            }
            ring::reduce(out, bits);
        }
        weights.as_mut_slice().zeroize();
    }
}

/// Adds the product of one weight (index `tap` of its output channel) with all pixels it meets.
fn tap(map: &Conv2d, out_width: usize, tap: usize, weight: u32, x: &[u32], out: &mut [u32]) {
    let (rows, columns) = (usize::from(map.kernel[0]), usize::from(map.kernel[1]));
    let (channel, row, column) = (tap / (rows * columns), tap / columns % rows, tap % columns);
    let (height, width) = (map.input.height as usize, map.input.width as usize);
    let plane = &x[channel * height * width..][..height * width];
    let shift = |at: usize, axis: usize| at * usize::from(map.dilation[axis]);
    for (y, out) in out.chunks_exact_mut(out_width).enumerate() {
        let at = y * usize::from(map.stride[0]) + shift(row, 0);
        let Some(source) = at.checked_sub(usize::from(map.pads[0])).filter(|at| *at < height) else {
            continue;
        };
        let source = &plane[source * width..][..width];
        for (x, out) in out.iter_mut().enumerate() {
            let at = x * usize::from(map.stride[1]) + shift(column, 1);
            if let Some(value) = at.checked_sub(usize::from(map.pads[1])).and_then(|at| source.get(at)) {
                *out = out.wrapping_add(weight.wrapping_mul(*value));
            }
        }
    }
}
