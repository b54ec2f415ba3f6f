//! The server's two halves of a product: what it opens of both factors, and what it makes of the answer.

use brelu_core::bits::BitReader;
use brelu_core::plan::{Node, NodeId};
use brelu_core::prf::{Address, Kind, PairKey};
use brelu_core::protocol::{linear, multiply};
use brelu_core::share::Wiped;
use rayon::prelude::*;

use crate::packed::Packed;

/// Elements of one piece of work, of one gate's at least.
const PIECE: usize = 1 << 15;

/// One product of one inference, as the server sees it.
pub(super) struct Product<'a> {
    pub(super) node: Node<'a>,
    pub(super) id: NodeId,
    /// Fraction bits that are dropped.
    pub(super) fraction: u8,
    pub(super) key: &'a PairKey,
    pub(super) inference: u64,
    /// The server's components of `x` and of the gate.
    pub(super) factors: [&'a [u32]; 2],
}

impl Product<'_> {
    /// The opened factors, in pieces of one message.
    pub(super) fn open(&self) -> Vec<Packed> {
        let step = (PIECE / self.span()).max(1);
        let gates = self.factors[1].par_chunks(step).enumerate();
        gates.map(|(index, gates)| self.open_some(index * step, gates.len())).collect()
    }

    /// The gate's elements `first .. first + count`, each before what it multiplies.
    fn open_some(&self, first: usize, count: usize) -> Packed {
        let (bits, span) = (self.node.accumulator_bits(), self.span());
        let opened = |kind, component: &[u32], first: usize, count: usize| {
            let (mut opened, mut mask) =
                (Wiped::new(component[first..][..count].to_vec()), Wiped::new(vec![0; count]));
            self.key.stream(Address::new(self.inference, self.id, kind)).fill(bits, first as u64, &mut mask);
            multiply::open(&mut opened, &mask, bits);
            opened
        };
        let x = opened(Kind::SdFactor, self.factors[0], first * span, count * span);
        let gates = opened(Kind::SdGate, self.factors[1], first, count);
        let mut fields = Vec::with_capacity(count * (span + 1));
        for (gate, x) in gates.iter().zip(x.chunks_exact(span)) {
            fields.push(*gate);
            fields.extend_from_slice(x);
        }
        Packed::build(u64::from(bits) * fields.len() as u64, |writer| writer.push(bits, &fields))
    }

    /// The server's component of the product, from the dealer's message and the client's answer.
    pub(super) fn close(&self, dealt: &[u8], answer: &[u8]) -> Vec<u32> {
        let [x, gates] = self.factors;
        let (n, f, span) = (self.node.bits, self.fraction, self.span());
        let mut out = x.to_vec();
        out.par_chunks_mut(PIECE).enumerate().for_each(|(index, out)| {
            let first = index * PIECE;
            let mut lanes: [Wiped<Vec<u32>>; 4] = std::array::from_fn(|_| Wiped::new(vec![0; out.len()]));
            let [gate, rounding, u, v] = &mut lanes;
            multiply::spread(&gates[first / span..], span, first % span, gate);
            if f > 0 {
                let address = Address::new(self.inference, self.id, Kind::SdRounding);
                self.key.stream(address).fill(f, first as u64, rounding);
            }
            for (message, half) in [(dealt, &mut *u), (answer, &mut *v)] {
                BitReader::at(message, first as u64 * u64::from(n)).pull(n, half);
            }
            multiply::server(out, gate, linear::start(0, f));
            linear::server(out, rounding, u, v, n, f);
        });
        out
    }

    fn span(&self) -> usize {
        multiply::span(self.factors[0].len(), self.factors[1].len())
    }
}
