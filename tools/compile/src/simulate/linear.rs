//! Linear layers with truncation: `z' = hi(acc + 1.5 * 2^f - P - t) + hi(P)`, off by at most 1.5 units, where the client's
//! product `P` and the rounding `t` are uniform; see [`brelu_core::protocol::linear`].

use brelu_core::local::offset;
use brelu_core::plan::Node;
use brelu_core::protocol::linear::start;
use brelu_core::ring::{high, mask};
use brelu_kernels::ring::{Backend, KernelError, Linear};

use super::noise::Noise;

/// Packs the maps of a node; none if it is not linear.
pub(super) fn pack(
    backend: Backend,
    node: &Node<'_>,
    weights: &[Vec<i32>],
) -> Result<Vec<Linear>, KernelError> {
    let bits = u32::from(node.accumulator_bits());
    let packed = node.op.terms().iter().zip(weights).map(|(term, weights)| {
        let weights: Vec<u32> = weights.iter().map(|weight| *weight as u32).collect();
        Linear::new(backend, &term.map, &weights, bits)
    });
    packed.collect()
}

pub(super) fn run<'a>(
    maps: &[Linear],
    inputs: impl Iterator<Item = &'a [u32]>,
    bias: &[i32],
    node: &Node<'_>,
    fraction: u8,
    noise: &mut Noise,
) -> Result<Vec<u32>, KernelError> {
    let mut sums = vec![0; node.shape.len()];
    for (map, input) in maps.iter().zip(inputs) {
        map.accumulate(input, &mut sums)?;
    }
    offset(&mut sums, node.shape.plane(), bias.iter().map(|bias| *bias as u32));
    truncate(&mut sums, node.bits, fraction, noise);
    Ok(sums)
}

/// Drops the fraction of sums modulo 2^(`narrow` + `fraction`); the results are not reduced.
pub(super) fn truncate(sums: &mut [u32], narrow: u8, fraction: u8, noise: &mut Noise) {
    for sum in sums {
        *sum = truncated(*sum, narrow + fraction, fraction, noise.pair());
    }
}

/// `hi(sum + 1.5 * 2^fraction - share - t) + hi(share)` with `t` the low bits of `rounding`, not reduced.
#[inline]
fn truncated(sum: u32, bits: u8, fraction: u8, [share, rounding]: [u32; 2]) -> u32 {
    let rest =
        sum.wrapping_add(start(0, fraction)).wrapping_sub(share).wrapping_sub(rounding & mask(fraction));
    high(rest, bits, fraction).wrapping_add(high(share, bits, fraction))
}
