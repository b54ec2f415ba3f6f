//! Exact bit packing: fields of 1 to 32 bits follow each other without gaps, least significant bit first.
//!
//! Messages are whole numbers of bytes; the last byte is filled up with zeros, and a reader of a whole message
//! rejects anything else there.

use crate::ring;

/// Bytes that `bits` bits take.
pub const fn bytes(bits: u64) -> u64 {
    bits.div_ceil(8)
}

/// Writes fields into a buffer; the buffer may be handed on and replaced in the middle of a field.
#[derive(Default, Clone)]
pub struct Packer {
    held: u64,
    count: u32,
}

impl Packer {
    /// How many `width`-bit fields fit into `room` more bytes.
    pub fn fitting(&self, room: usize, width: u8) -> usize {
        (room * 8).saturating_sub(self.count as usize) / usize::from(width)
    }

    /// Appends the low `width` bits of each value to `out`, whole bytes only; returns the number of bytes written.
    ///
    /// Stops early, without error, when `out` is full: callers give [`Self::fitting`] values at most.
    pub fn push(&mut self, width: u8, values: &[u32], out: &mut [u8]) -> usize {
        let mask = u64::from(ring::mask(width));
        let mut at = 0;
        for &value in values {
            self.held |= (u64::from(value) & mask) << self.count;
            self.count += u32::from(width);
            if self.count >= 32 {
                let Some(room) = out.get_mut(at..at + 4) else { break };
                room.copy_from_slice(&(self.held as u32).to_le_bytes());
                at += 4;
                self.held >>= 32;
                self.count -= 32;
            }
        }
        at + self.spill(&mut out[at..])
    }

    fn spill(&mut self, out: &mut [u8]) -> usize {
        let mut at = 0;
        while self.count >= 8 && at < out.len() {
            out[at] = self.held as u8;
            at += 1;
            self.held >>= 8;
            self.count -= 8;
        }
        at
    }

    /// Writes what is left of the last byte, if anything, and starts afresh.
    pub fn finish(&mut self, out: &mut [u8]) -> usize {
        let mut at = self.spill(out);
        if self.count > 0 && at < out.len() {
            out[at] = self.held as u8;
            at += 1;
        }
        *self = Self::default();
        at
    }
}

/// Reads fields from successive pieces of a message.
#[derive(Default, Clone)]
pub struct Unpacker {
    held: u64,
    count: u32,
}

impl Unpacker {
    /// Fills as much of `out` as the bytes allow; returns bytes used and fields written.
    ///
    /// When all bytes are used but fields are missing, the bits of the unfinished field are kept for the next call.
    pub fn pull(&mut self, width: u8, bytes: &[u8], out: &mut [u32]) -> (usize, usize) {
        let mask = u64::from(ring::mask(width));
        let width = u32::from(width);
        let (mut used, mut done) = (0, 0);
        while done < out.len() {
            if self.count < width {
                match bytes.get(used..used + 4).and_then(|four| four.try_into().ok()) {
                    Some(four) => {
                        self.held |= u64::from(u32::from_le_bytes(four)) << self.count;
                        self.count += 32;
                        used += 4;
                    }
                    None => {
                        used += self.sip(width, &bytes[used..]);
                        if self.count < width {
                            break;
                        }
                    }
                }
            }
            out[done] = (self.held & mask) as u32;
            self.held >>= width;
            self.count -= width;
            done += 1;
        }
        (used, done)
    }

    fn sip(&mut self, width: u32, bytes: &[u8]) -> usize {
        let mut used = 0;
        while self.count < width && used < bytes.len() {
            self.held |= u64::from(bytes[used]) << self.count;
            self.count += 8;
            used += 1;
        }
        used
    }

    /// Whether the message ends cleanly here: less than a byte is left over, and it is zero.
    pub fn is_clean(&self) -> bool {
        self.count < 8 && self.held == 0
    }
}

crate::share::redacted!(BitWriter);

impl core::fmt::Debug for Packer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Packer(redacted)")
    }
}

impl core::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Unpacker(redacted)")
    }
}

/// Writes fields into one buffer of known size.
pub struct BitWriter<'a> {
    out: &'a mut [u8],
    at: usize,
    packer: Packer,
    bits: u64,
}

impl<'a> BitWriter<'a> {
    /// Starts at the beginning of `out`.
    pub fn new(out: &'a mut [u8]) -> Self {
        Self { out, at: 0, packer: Packer::default(), bits: 0 }
    }

    /// Appends the low `width` bits of each value. Values that do not fit are dropped; [`Self::bits`] counts them.
    pub fn push(&mut self, width: u8, values: &[u32]) {
        self.at += self.packer.push(width, values, &mut self.out[self.at..]);
        self.bits += values.len() as u64 * u64::from(width);
    }

    /// Bits appended so far.
    pub fn bits(&self) -> u64 {
        self.bits
    }

    /// Completes the last byte and returns the bits appended.
    pub fn finish(mut self) -> u64 {
        self.packer.finish(&mut self.out[self.at..]);
        self.bits
    }
}

/// Reads fields at any bit position of a whole message.
#[derive(Clone, Copy)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    bit: u64,
}

impl<'a> BitReader<'a> {
    /// Starts at bit `bit` of the message.
    pub fn at(bytes: &'a [u8], bit: u64) -> Self {
        Self { bytes, bit }
    }

    /// Fills `out` with `width`-bit fields; beyond the end of the message they read as zero.
    pub fn pull(&mut self, width: u8, out: &mut [u32]) {
        let mask = u64::from(ring::mask(width));
        for out in out.iter_mut() {
            let word = self.word((self.bit / 8) as usize);
            *out = ((word >> (self.bit % 8)) & mask) as u32;
            self.bit += u64::from(width);
        }
    }

    #[inline]
    fn word(&self, at: usize) -> u64 {
        if let Some(eight) = self.bytes.get(at..at + 8).and_then(|eight| eight.try_into().ok()) {
            return u64::from_le_bytes(eight);
        }
        let tail = self.bytes.get(at..).unwrap_or_default();
        tail.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
    }

    /// Passes over `count` fields.
    pub fn skip(&mut self, width: u8, count: usize) {
        self.bit += u64::from(width) * count as u64;
    }

    /// The bit position reached.
    pub fn position(&self) -> u64 {
        self.bit
    }
}

/// Whether the bits of the last byte beyond `bits` are zero and no byte follows.
pub fn is_padded(message: &[u8], bits: u64) -> bool {
    let used = (bits % 8) as u32;
    message.len() as u64 == bytes(bits) && (used == 0 || message.last().is_some_and(|last| last >> used == 0))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    fn fields() -> impl Strategy<Value = Vec<(u8, Vec<u32>)>> {
        let run = (1u8..=32).prop_flat_map(|width| {
            let value = any::<u32>().prop_map(move |value| value & ring::mask(width));
            (Just(width), prop::collection::vec(value, 0..40))
        });
        prop::collection::vec(run, 0..12)
    }

    fn write(runs: &[(u8, Vec<u32>)]) -> (Vec<u8>, u64) {
        let bits = runs.iter().map(|(width, values)| u64::from(*width) * values.len() as u64).sum();
        let mut out = vec![0; bytes(bits) as usize];
        let mut writer = BitWriter::new(&mut out);
        for (width, values) in runs {
            writer.push(*width, values);
        }
        assert_eq!(writer.finish(), bits);
        (out, bits)
    }

    proptest! {
        #[test]
        fn reader_returns_what_writer_packed(runs in fields()) {
            let (message, bits) = write(&runs);
            prop_assert!(is_padded(&message, bits));
            let mut reader = BitReader::at(&message, 0);
            for (width, values) in &runs {
                let mut got = vec![0; values.len()];
                reader.pull(*width, &mut got);
                prop_assert_eq!(&got, values);
            }
            prop_assert_eq!(reader.position(), bits);
        }

        #[test]
        fn pieces_of_any_size_give_the_same_stream(runs in fields(), piece in 1usize..9) {
            let (message, _) = write(&runs);
            let mut pieces = message.chunks(piece);
            let (mut unpacker, mut current): (Unpacker, &[u8]) = (Unpacker::default(), &[]);
            for (width, values) in &runs {
                let mut got = vec![0; values.len()];
                let mut done = 0;
                while done < got.len() {
                    let (used, more) = unpacker.pull(*width, current, &mut got[done..]);
                    current = &current[used..];
                    done += more;
                    if done < got.len() {
                        current = pieces.next().expect("enough bytes");
                    }
                }
                prop_assert_eq!(&got, values);
            }
        }

        #[test]
        fn packer_continues_across_buffers(runs in fields(), room in 5usize..24) {
            let (message, _) = write(&runs);
            let (mut packer, mut got, mut buffer, mut at) = (Packer::default(), Vec::new(), vec![0; room], 0);
            for (width, values) in &runs {
                let mut values = values.as_slice();
                while !values.is_empty() {
                    let count = packer.fitting(room - at, *width).min(values.len());
                    at += packer.push(*width, &values[..count], &mut buffer[at..]);
                    values = &values[count..];
                    if !values.is_empty() {
                        got.extend_from_slice(&buffer[..at]);
                        at = 0;
                    }
                }
            }
            got.extend_from_slice(&buffer[..at]);
            let mut last = [0; 8];
            let count = packer.finish(&mut last);
            got.extend_from_slice(&last[..count]);
            prop_assert_eq!(got, message);
        }
    }

    #[test]
    fn padding_must_be_zero() {
        assert!(is_padded(&[0b0000_0111], 3));
        assert!(!is_padded(&[0b0000_1111], 3));
        assert!(!is_padded(&[7, 0], 3));
    }
}
