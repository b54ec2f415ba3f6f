//! Arithmetic in the rings Z_2^k, k in 1..=32, on `u32` words.
//!
//! A residue is kept in the low `k` bits of a word. Additions and multiplications are the wrapping ones of `u32`;
//! [`low`] reduces their result. Reading a Z_2^K residue modulo a smaller power of two is the same reduction, which is
//! why a change to a smaller ring is free.

use num_traits::{PrimInt, Unsigned};

use crate::word::Word;

/// The largest ring this build computes in, in bits.
pub const MAX_BITS: u8 = 32;

/// All ones in the low `bits` bits, `bits` in 0..=32.
#[inline]
pub const fn mask(bits: u8) -> u32 {
    if bits >= 32 { u32::MAX } else { (1 << bits) - 1 }
}

/// `value` modulo 2^bits, for any word type.
#[inline]
pub fn low<W: PrimInt + Unsigned>(value: W, bits: u8) -> W {
    let unused = W::zero().count_zeros().saturating_sub(u32::from(bits)) as usize;
    if unused as u32 == W::zero().count_zeros() { W::zero() } else { (value << unused) >> unused }
}

/// `(value mod 2^bits) >> drop`: the truncation into the smaller ring Z_2^(bits - drop).
#[inline]
pub fn high<W: Word>(value: W, bits: u8, drop: u8) -> W {
    (value & W::from(mask(bits))) >> u32::from(drop)
}

/// The representative of a residue in `-2^(bits-1) .. 2^(bits-1)`.
#[inline]
pub const fn signed(value: u32, bits: u8) -> i32 {
    let unused = 32 - bits as u32;
    ((value << unused) as i32) >> unused
}

/// Reduces every element modulo 2^bits.
pub fn reduce<W: Word>(values: &mut [W], bits: u8) {
    let mask = W::from(mask(bits));
    for value in values {
        *value = *value & mask;
    }
}

/// `into += values`, without reducing.
pub fn add<W: Word>(into: &mut [W], values: &[W]) {
    for (into, value) in into.iter_mut().zip(values) {
        *into = into.wrapping_add(*value);
    }
}

/// `into -= values`, without reducing.
pub fn sub<W: Word>(into: &mut [W], values: &[W]) {
    for (into, value) in into.iter_mut().zip(values) {
        *into = into.wrapping_sub(*value);
    }
}

/// Multiplies every element by 2^by, `by` below 32, without reducing.
pub fn shift(values: &mut [u32], by: u8) {
    values.iter_mut().for_each(|value| *value <<= by);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn low_agrees_with_mask(value: u32, bits in 0u8..=32) {
            prop_assert_eq!(low(value, bits), value & mask(bits));
            prop_assert_eq!(low(u64::from(value), bits), u64::from(value & mask(bits)));
        }

        #[test]
        fn signed_is_the_centred_representative(value: i32, bits in 1u8..=32) {
            let centred = signed(value as u32, bits);
            prop_assert_eq!(low(centred as u32, bits), low(value as u32, bits));
            let half = 1i64 << (bits - 1);
            prop_assert!((-half..half).contains(&i64::from(centred)));
        }

        #[test]
        fn truncating_three_shares_is_off_by_at_most_one_and_a_half(
            a: u32, b: u32, value in -(1i64 << 25)..(1i64 << 25), bits in 27u8..=32, drop in 1u8..=14,
        ) {
            let c = (value as u32).wrapping_sub(a).wrapping_sub(b).wrapping_add(3 << (drop - 1));
            let sum = high(a, bits, drop).wrapping_add(high(b, bits, drop)).wrapping_add(high(c, bits, drop));
            let got = f64::from(signed(sum, bits - drop));
            let want = value as f64 / f64::from(1u32 << drop);
            let wrap = f64::from(bits - drop).exp2();
            let error = (got - want + wrap / 2.0).rem_euclid(wrap) - wrap / 2.0;
            prop_assert!(error.abs() <= 1.5, "error {error}");
        }
    }
}
