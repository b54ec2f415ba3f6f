//! Addressed randomness: every random element has an address and exactly one purpose.
//!
//! Two parties that share a [`PairKey`] expand it with ChaCha20 into one stream per address (inference number, node of
//! the plan, [`Kind`]). Inside a stream, elements have fixed places, so any of them is found again without storing
//! anything: that is what lets a party with a few kilobytes take part.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use core::fmt;
use rand_core::TryCryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ring;

/// What a random element is for. The name of the pair that knows it comes first: `Cd` client and dealer, `Sd` server and
/// dealer, `Cs` client and server, `D` the dealer alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `x_cd`, the mask of the input.
    CdInput = 1,
    /// `zeta`, which hides client's and dealer's halves of a linear layer or product from the server.
    CdZeta,
    /// `z_cd`, the mask of a pre-activation.
    CdPreActivation,
    /// `T_c`, the client's share of the comparison table.
    CdTable,
    /// The client's additive share of `lam`.
    CdLam,
    /// The client's additive share of `lam * B`.
    CdLamMask,
    /// The client's additive share of the bit lost in `B`.
    CdCarry,
    /// The client's additive share of the top bit of `B`.
    CdTop,
    /// The client's additive share of `lam * top`.
    CdLamTop,
    /// `y_cd`, the mask of an activation.
    CdActivation,
    /// The client's additive share of `eps * l` in a ring extension.
    CdCross,
    /// `q`, the mask of the cross term of a ring extension.
    CdExtend,
    /// The key of [`Kind::CdInput`]: one that can be handed on without the others.
    CdInputKey,
    /// `s_sd`, which hides the comparison window from the client.
    SdWindow = 64,
    /// `z_sd`, which hides the opened pre-activation from the client.
    SdPreActivation,
    /// `eps`, which hides the bit opened by a ring extension.
    SdExtend,
    /// `r`, by which server and dealer round, so that results tell nothing of the weights' low bits.
    SdRounding,
    /// `alpha`, which hides an opened factor from the client.
    SdFactor,
    /// `beta`, which hides an opened gate from the client.
    SdGate,
    /// `W_cs`, the client's component of the weights: 128 is the first linear term of a node, 129 the second, ...
    CsWeights = 128,
    /// `lam`, the bit that hides a decision.
    DLam = 192,
}

/// A stream of one purpose: inference number, node of the plan, kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    inference: u64,
    node: u16,
    kind: Kind,
    term: u8,
}

impl Address {
    /// The stream of `kind` at node `node` in inference `inference`.
    pub const fn new(inference: u64, node: u16, kind: Kind) -> Self {
        Self { inference, node, kind, term: 0 }
    }

    /// The client's weight component of linear term `term` (0..=7) at node `node`; the same for every inference.
    pub const fn weights(node: u16, term: u8) -> Self {
        Self { inference: 0, node, kind: Kind::CsWeights, term }
    }

    fn nonce(&self) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.inference.to_le_bytes());
        nonce[8..10].copy_from_slice(&self.node.to_le_bytes());
        nonce[10] = self.kind as u8;
        nonce[11] = self.term;
        nonce
    }
}

/// A 256-bit key that two parties share (or, for the dealer's own bits, that one party has).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PairKey([u8; 32]);

impl PairKey {
    /// Length of a key in bytes.
    pub const LEN: usize = 32;

    /// Takes a key of full entropy.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A fresh key from a generator fit for secrets.
    ///
    /// # Errors
    /// Those of the generator.
    pub fn generate<R: TryCryptoRng>(generator: &mut R) -> Result<Self, R::Error> {
        let mut key = Self([0; Self::LEN]);
        generator.try_fill_bytes(&mut key.0)?;
        Ok(key)
    }

    /// The stream of `address`.
    pub fn stream(&self, address: Address) -> Stream {
        Stream {
            cipher: ChaCha20::new(&self.0.into(), &address.nonce().into()),
            at: 0,
            #[cfg(debug_assertions)]
            width: 0,
        }
    }

    /// The raw key, for the one place that hands it to its other owner.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for PairKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairKey(redacted)")
    }
}

/// Bits an element takes in its stream: the smallest of 1, 8, 16 and 32 that holds `width` bits.
const fn lane(width: u8) -> u64 {
    match width {
        1 => 1,
        2..=8 => 8,
        9..=16 => 16,
        _ => 32,
    }
}

/// Keystream bytes generated at a time, at least a record of [`Stream::pick_bits`]: a multiple of the four or more
/// ChaCha blocks that SIMD backends make at once, less where there is no SIMD and little stack.
const CHUNK: usize = if cfg!(target_pointer_width = "64") { 512 } else { 256 };

/// One address expanded. A stream holds elements of one width; debug builds check that it is read with no other.
pub struct Stream {
    cipher: ChaCha20,
    /// The byte the cipher is at: what follows it needs no seek, which would throw away the rest of a block.
    at: u64,
    #[cfg(debug_assertions)]
    width: u8,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream(redacted)")
    }
}

impl Stream {
    /// Elements `first ..` of the stream of `width`-bit elements.
    ///
    /// A stream has 2^38 bytes; plans are limited to far less, and elements beyond it read as zero.
    pub fn fill(&mut self, width: u8, first: u64, out: &mut [u32]) {
        self.check_width(width);
        let lane = lane(width);
        match lane {
            1 => self.each(first, 1, out, |byte, shift| u32::from(byte[0] >> shift) & 1),
            8 => self.bytes(first, out, |byte: [u8; 1]| u32::from(byte[0])),
            16 => self.bytes(first, out, |two| u32::from(u16::from_le_bytes(two))),
            _ => self.bytes(first, out, u32::from_le_bytes),
        }
        ring::reduce(out, width);
    }

    /// `into += elements`, without reducing.
    pub fn add(&mut self, width: u8, first: u64, into: &mut [u32]) {
        let mut piece = [0; 128];
        for (index, into) in into.chunks_mut(piece.len()).enumerate() {
            let piece = &mut piece[..into.len()];
            self.fill(width, first + (index * 128) as u64, piece);
            ring::add(into, piece);
        }
        piece.as_mut_slice().zeroize();
    }

    /// `into -= elements`, without reducing.
    pub fn sub(&mut self, width: u8, first: u64, into: &mut [u32]) {
        let mut piece = [0; 128];
        for (index, into) in into.chunks_mut(piece.len()).enumerate() {
            let piece = &mut piece[..into.len()];
            self.fill(width, first + (index * 128) as u64, piece);
            ring::sub(into, piece);
        }
        piece.as_mut_slice().zeroize();
    }

    /// Bit `picks[i]` of record `first + i`, records of 2^`log2` bits (the lookup in a one-time table).
    ///
    /// `picks` are public to whoever calls this; they index memory.
    pub fn pick_bits(&mut self, log2: u8, first: u64, picks: &[u32], out: &mut [u32]) {
        self.check_width(1);
        let per_chunk = ((CHUNK as u64 * 8) >> log2).max(1) as usize;
        let mut chunk = [0; CHUNK + 1];
        for (index, (picks, out)) in picks.chunks(per_chunk).zip(out.chunks_mut(per_chunk)).enumerate() {
            let start = (first + (index * per_chunk) as u64) << log2;
            let bits = (start % 8) + ((picks.len() as u64) << log2);
            let chunk = &mut chunk[..bits.div_ceil(8) as usize];
            self.keystream(start / 8, chunk);
            for (record, (pick, out)) in picks.iter().zip(out).enumerate() {
                let bit = (start % 8) as usize + (record << log2) + (*pick as usize & ((1 << log2) - 1));
                *out = u32::from(chunk[bit / 8] >> (bit % 8)) & 1;
            }
        }
        chunk.as_mut_slice().zeroize();
    }

    /// Records `first ..` of 2^`log2` bits each, `log2` at least 5, as words.
    pub fn words(&mut self, log2: u8, first: u64, out: &mut [u32]) {
        self.check_width(1);
        self.bytes(first << log2.saturating_sub(5), out, u32::from_le_bytes);
    }

    /// One purpose means one width: the same bits read as elements of another width would be used twice.
    fn check_width(&mut self, _width: u8) {
        #[cfg(debug_assertions)]
        {
            debug_assert!(self.width == 0 || self.width == _width, "an address has one purpose");
            self.width = _width;
        }
    }

    fn keystream(&mut self, byte: u64, out: &mut [u8]) {
        let there = self.at == byte || self.cipher.try_seek(byte).is_ok();
        let done = there && self.cipher.try_write_keystream(out).is_ok();
        debug_assert!(done, "a stream ends after 2^38 bytes");
        if done {
            self.at = byte + out.len() as u64;
        } else {
            self.at = u64::MAX;
            out.fill(0);
        }
    }

    fn bytes<const N: usize>(&mut self, first: u64, out: &mut [u32], decode: impl Fn([u8; N]) -> u32) {
        let mut chunk = [0; CHUNK];
        let per_chunk = CHUNK / N;
        for (index, out) in out.chunks_mut(per_chunk).enumerate() {
            let chunk = &mut chunk[..out.len() * N];
            self.keystream((first + (index * per_chunk) as u64) * N as u64, chunk);
            for (out, lane) in out.iter_mut().zip(chunk.as_chunks::<N>().0) {
                *out = decode(*lane);
            }
        }
        chunk.as_mut_slice().zeroize();
    }

    fn each(&mut self, first: u64, lane: u64, out: &mut [u32], decode: impl Fn(&[u8], u64) -> u32) {
        let mut chunk = [0; CHUNK];
        let per_chunk = ((CHUNK - 1) as u64 * 8 / lane) as usize;
        for (index, out) in out.chunks_mut(per_chunk).enumerate() {
            let start = (first + (index * per_chunk) as u64) * lane;
            let bits = start % 8 + out.len() as u64 * lane;
            let chunk = &mut chunk[..bits.div_ceil(8) as usize];
            self.keystream(start / 8, chunk);
            for (index, out) in out.iter_mut().enumerate() {
                let bit = start % 8 + index as u64 * lane;
                *out = decode(&chunk[(bit / 8) as usize..], bit % 8);
            }
        }
        chunk.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    fn stream(kind: Kind) -> Stream {
        PairKey::new([7; 32]).stream(Address::new(3, 5, kind))
    }

    proptest! {
        #[test]
        fn any_piece_equals_the_same_piece_of_the_whole(width in 1u8..=32, start in 0usize..3000, len in 0usize..700) {
            let mut whole = vec![0; 3700];
            stream(Kind::CdZeta).fill(width, 0, &mut whole);
            let mut piece = vec![0; len];
            stream(Kind::CdZeta).fill(width, start as u64, &mut piece);
            prop_assert_eq!(&piece[..], &whole[start..start + len]);
            prop_assert!(piece.iter().all(|value| *value <= ring::mask(width)));
        }

        #[test]
        fn pieces_in_any_order_equal_the_whole(
            width in 1u8..=32,
            pieces in proptest::collection::vec((0usize..600, 0usize..200, proptest::bool::ANY), 1..12),
        ) {
            let mut whole = vec![0; 4000];
            stream(Kind::CdZeta).fill(width, 0, &mut whole);
            let mut stream = stream(Kind::CdZeta);
            let mut end = 0;
            for (start, len, follows) in pieces {
                let start = if follows { end } else { start };
                end = start + len;
                let mut piece = vec![0; len];
                stream.fill(width, start as u64, &mut piece);
                prop_assert_eq!(&piece[..], &whole[start..end]);
            }
        }

        #[test]
        fn picked_bits_are_the_bits_of_the_table(log2 in 1u8..=10, first in 0u64..50, count in 0usize..300, seed: u32) {
            let picks: vec::Vec<u32> =
                (0..count as u32).map(|i| (i.wrapping_mul(2654435761) ^ seed) & ((1 << log2) - 1)).collect();
            let mut got = vec![0; count];
            stream(Kind::CdTable).pick_bits(log2, first, &picks, &mut got);
            for (index, (pick, got)) in picks.iter().zip(&got).enumerate() {
                let mut bit = [0];
                let place = ((first + index as u64) << log2) + u64::from(*pick);
                stream(Kind::CdTable).fill(1, place, &mut bit);
                prop_assert_eq!(bit[0], *got);
            }
        }
    }

    #[test]
    fn addresses_differ_in_every_part() {
        let key = PairKey::new([7; 32]);
        let mut first = [[0; 4]; 5];
        let addresses = [
            Address::new(3, 5, Kind::CdZeta),
            Address::new(4, 5, Kind::CdZeta),
            Address::new(3, 6, Kind::CdZeta),
            Address::new(3, 5, Kind::CdTable),
            Address::weights(5, 1),
        ];
        for (address, out) in addresses.iter().zip(&mut first) {
            key.stream(*address).fill(32, 0, out);
        }
        for (index, out) in first.iter().enumerate() {
            assert!(!first[..index].contains(out));
        }
    }

    #[test]
    fn keys_do_not_print() {
        let text = std::format!("{:?} {:?}", PairKey::new([0xab; 32]), stream(Kind::CdZeta));
        assert_eq!(text, "PairKey(redacted) Stream(redacted)");
    }
}
