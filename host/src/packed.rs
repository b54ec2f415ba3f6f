//! Whole messages in memory, and joining packed pieces that were made in parallel.

use std::fmt;

use brelu_core::bits::{BitWriter, bytes};
use zeroize::Zeroize;

/// A packed run of fields of known length. Wiped when dropped; what is taken out is its taker's.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Packed {
    bytes: Vec<u8>,
    bits: u64,
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({} bits, redacted)", self.bits)
    }
}

impl Drop for Packed {
    fn drop(&mut self) {
        self.bytes.as_mut_slice().zeroize();
    }
}

impl Packed {
    /// Nothing yet, with room for `bits` bits: what is appended to it is not copied again.
    pub(crate) fn with_room(bits: u64) -> Self {
        Self { bytes: Vec::with_capacity(bytes(bits) as usize + 1), bits: 0 }
    }

    /// Packs what `write` pushes; it pushes `bits` bits at most.
    pub(crate) fn build(bits: u64, write: impl FnOnce(&mut BitWriter<'_>)) -> Self {
        let mut bytes = vec![0; bytes(bits) as usize];
        let mut writer = BitWriter::new(&mut bytes);
        write(&mut writer);
        let bits = writer.finish();
        Self { bytes, bits }
    }

    /// Appends another run.
    pub(crate) fn append(&mut self, other: &Packed) {
        let shift = (self.bits % 8) as u32;
        self.bits += other.bits;
        if shift == 0 {
            self.bytes.extend_from_slice(&other.bytes);
            return;
        }
        let mut carry = self.bytes.pop().unwrap_or_default();
        for byte in &other.bytes {
            self.bytes.push(carry | byte << shift);
            carry = byte >> (8 - shift);
        }
        self.bytes.push(carry);
        self.bytes.truncate(bytes(self.bits) as usize);
    }

    /// Takes the whole bytes out, keeping the bits of the last unfinished one.
    pub(crate) fn take_whole(&mut self) -> Vec<u8> {
        let rest = if self.bits.is_multiple_of(8) { None } else { self.bytes.pop() };
        self.bits %= 8;
        std::mem::replace(&mut self.bytes, rest.into_iter().collect())
    }

    /// The message, its last byte filled up with zeros.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn joined_pieces_equal_the_whole(runs in prop::collection::vec((1u8..=32, prop::collection::vec(any::<u32>(), 0..9)), 0..9)) {
            let bits = |run: &(u8, Vec<u32>)| u64::from(run.0) * run.1.len() as u64;
            let whole = Packed::build(runs.iter().map(bits).sum(), |writer| {
                runs.iter().for_each(|run| writer.push(run.0, &run.1));
            });
            let (mut joined, mut streamed) = (Packed::default(), Vec::new());
            let mut tail = Packed::default();
            for run in &runs {
                let piece = Packed::build(bits(run), |writer| writer.push(run.0, &run.1));
                joined.append(&piece);
                tail.append(&piece);
                streamed.extend(tail.take_whole());
            }
            streamed.extend(tail.into_bytes());
            prop_assert_eq!(&joined, &whole);
            prop_assert_eq!(streamed, whole.into_bytes());
        }
    }
}
