//! What the steps of the protocol compute on: 32-bit words with the arithmetic of Z_2^32 and the logic of bits.
//!
//! Parties compute on `u32`. The proofs (`tests/proofs`) run the same functions on words that record what is done to
//! them, so that the formulas which are proved are those of the code. That is also why a step has no branch on a word: a
//! [`Word`] cannot be compared, and only `u32` can be an index.

use core::ops::{BitAnd, BitOr, BitXor, Shr};

use crate::ring;

/// A 32-bit word. Constants come in by `From<u32>`; lengths, widths and positions are ordinary numbers.
///
/// Every operation takes the same time whatever the words are, as far as the processor's instructions do.
pub trait Word:
    Copy
    + From<u32>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Shr<u32, Output = Self>
{
    /// `self + other` modulo 2^32.
    fn wrapping_add(self, other: Self) -> Self;

    /// `self - other` modulo 2^32.
    fn wrapping_sub(self, other: Self) -> Self;

    /// `self * other` modulo 2^32.
    fn wrapping_mul(self, other: Self) -> Self;

    /// `-self` modulo 2^32: all ones for one, zero for zero.
    fn wrapping_neg(self) -> Self;

    /// `self * 2^n` modulo 2^32, n in 0..=32.
    fn times_power(self, n: u32) -> Self;

    /// `(self + other) >> n` over the integers, for words below 2^n, n in 0..=32: the bit that their sum modulo 2^n loses.
    fn carry(self, other: Self, n: u8) -> Self;

    /// Bit `i` is set where `first + i < self`.
    fn ones_below(self, first: u32) -> Self;

    /// The representative of a residue modulo 2^bits in `-2^(bits-1) .. 2^(bits-1)`, in two's complement.
    fn sign_extended(self, bits: u8) -> Self;
}

impl Word for u32 {
    #[inline(always)]
    fn wrapping_add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn wrapping_sub(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    #[inline(always)]
    fn wrapping_mul(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }

    #[inline(always)]
    fn wrapping_neg(self) -> Self {
        self.wrapping_neg()
    }

    #[inline(always)]
    fn times_power(self, n: u32) -> Self {
        self.checked_shl(n).unwrap_or(0)
    }

    #[inline(always)]
    fn carry(self, other: Self, n: u8) -> Self {
        ((u64::from(self) + u64::from(other)) >> n) as u32
    }

    #[inline(always)]
    fn ones_below(self, first: u32) -> Self {
        let count = self.saturating_sub(first).min(32);
        ((1u64 << count) - 1) as u32
    }

    #[inline(always)]
    fn sign_extended(self, bits: u8) -> Self {
        ring::signed(self, bits) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::Word;
    use crate::ring;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn powers_and_carries_are_those_of_the_integers(value: u32, other: u32, n in 0u8..=32) {
            prop_assert_eq!(value.times_power(n.into()), (u64::from(value) << n) as u32);
            let (value, other) = (value & ring::mask(n), other & ring::mask(n));
            let sum = u64::from(value) + u64::from(other);
            prop_assert_eq!(u64::from(value.carry(other, n)), sum >> n);
        }

        #[test]
        fn ones_below_are_a_row_of_comparisons(bound in 0u32..1100, first in 0u32..1100) {
            let bits = bound.ones_below(first);
            for bit in 0..32 {
                prop_assert_eq!((bits >> bit) & 1, u32::from(first + bit < bound));
            }
        }
    }
}
