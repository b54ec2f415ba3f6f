//! The dealer's half of a product.

use brelu_core::masks::Masks;
use brelu_core::plan::{NodeId, Op};
use brelu_core::prf::{Address, Kind, PairKey};
use brelu_core::protocol::{linear, multiply};
use brelu_core::share::Wiped;
use rayon::prelude::*;

use crate::mask_reader::{PIECE, scratch};
use crate::packed::Packed;

/// The dealer's message for node `id`; empty if it is no product. `server` is the key shared with the server.
pub(super) fn deal(masks: &Masks<'_>, server: &PairKey, inference: u64, id: NodeId) -> Vec<u8> {
    let plan = masks.plan();
    let node = plan.node(id);
    let Op::Product { inputs: [x, gate], fraction: f } = node.op else { return Vec::new() };
    let (n, bits) = (node.bits, node.accumulator_bits());
    let span = multiply::span(node.shape.len(), plan.node(gate).shape.len());
    let mut halves = Wiped::new(vec![0; node.shape.len()]);
    halves.par_chunks_mut(PIECE).enumerate().for_each_init(
        || scratch(plan, PIECE),
        |scratch, (index, half)| {
            let (first, len) = (index * PIECE, half.len());
            let gates = first / span..(first + len).div_ceil(span);
            let fill = |kind, bits, first: usize, out: &mut [u32]| {
                server.stream(Address::new(inference, id, kind)).fill(bits, first as u64, out);
            };
            let spread = |gates: &[u32], out: &mut [u32]| multiply::spread(gates, span, first % span, out);
            let mut lanes: [Wiped<Vec<u32>>; 5] = std::array::from_fn(|_| Wiped::new(vec![0; len]));
            let [g_cd, beta, alpha, zeta, z_cd] = &mut lanes;
            let mut own = Wiped::new(vec![0; gates.len()]);
            masks.read(gate, gates.start, &mut own, scratch);
            spread(&own, g_cd);
            fill(Kind::SdGate, bits, gates.start, &mut own);
            spread(&own, beta);
            masks.read(x, first, half, scratch);
            fill(Kind::SdFactor, bits, first, alpha);
            multiply::dealer(half, g_cd, alpha, beta);

            let rounding = alpha;
            rounding.fill(0);
            if f > 0 {
                fill(Kind::SdRounding, f, first, rounding);
            }
            masks.stream(id, Kind::CdZeta).fill(n, first as u64, zeta);
            masks.stream(id, Kind::CdPreActivation).fill(n, first as u64, z_cd);
            linear::dealer(half, rounding, zeta, z_cd, n, f);
        },
    );
    Packed::build(u64::from(n) * halves.len() as u64, |writer| writer.push(n, &halves)).into_bytes()
}
