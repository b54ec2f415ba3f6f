//! Micro kernels of 512-bit vectors.

use std::arch::x86_64::*;

use super::super::compiled::Work;
use super::super::format::Format;
use super::super::micro::{Micro, are_halves, groups};

const ROWS: usize = 8;
const LANES: usize = 16;
const VECTORS: usize = 3;

pub(super) const WORD: Micro =
    Micro { rows: ROWS, lanes: LANES, columns: VECTORS * LANES, format: Format::Word, cost: 100, run: word };

pub(super) fn is_here() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
}

/// A product of whole words costs a multiplication and an addition, and Intel's `vpmulld` is two multiplications. The dot
/// products of VNNI add for free: two a pair of weights for halves, three for four weights with bytes. Measured on Zen 4,
/// where `vpmulld` is one multiplication, that is 1.36 and 1.8 times as fast. Without VNNI (`vpmaddwd` and an addition)
/// Zen 4 gains nothing, so AVX2 and NEON multiply whole words.
pub(super) fn for_weights(weights: &[u32], bits: u32) -> Micro {
    match is_x86_feature_detected!("avx512vnni") && are_halves(weights) {
        true if bits <= 24 => HALVES_AND_BYTES,
        true => HALVES,
        false => WORD,
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn compiled<W: Work>(work: W) -> W::Output {
    work.run()
}

#[target_feature(enable = "avx512f")]
fn word(left: &[u32], right: &[u32], tile: &mut [u32], vectors: usize) {
    match vectors {
        1 => word_tile::<1>(left, right, tile),
        2 => word_tile::<2>(left, right, tile),
        _ => word_tile::<VECTORS>(left, right, tile),
    }
}

#[target_feature(enable = "avx512f")]
fn word_tile<const V: usize>(left: &[u32], right: &[u32], tile: &mut [u32]) {
    let width = V * LANES;
    let groups = groups((left, ROWS), (right, width), (tile, ROWS * width));
    let mut sums = [[_mm512_setzero_si512(); V]; ROWS];
    for group in 0..groups {
        // SAFETY: `groups` counted `ROWS` words of `left` and `width` words of `right` for each group.
        let (left, right) = unsafe { (left.as_ptr().add(group * ROWS), right.as_ptr().add(group * width)) };
        // SAFETY: as above, and `v * LANES + LANES <= width`.
        let values: [__m512i; V] =
            std::array::from_fn(|v| unsafe { _mm512_loadu_si512(right.add(v * LANES).cast()) });
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above, and `row < ROWS`.
            let weight = _mm512_set1_epi32(unsafe { *left.add(row) } as i32);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = _mm512_add_epi32(*sum, _mm512_mullo_epi32(weight, value));
            }
        }
    }
    store(&sums, tile);
}

/// Rows of a tile with two sums an element.
const DOT_ROWS: usize = 6;
const DOT_VECTORS: usize = 2;

const DOT: Micro = Micro {
    rows: DOT_ROWS,
    lanes: LANES,
    columns: DOT_VECTORS * LANES,
    format: Format::Halves,
    cost: 75,
    run: halves,
};

pub(super) const HALVES: Micro = DOT;

pub(super) const HALVES_AND_BYTES: Micro =
    Micro { format: Format::HalvesAndBytes, cost: 55, run: halves_and_bytes, ..DOT };

#[target_feature(enable = "avx512f,avx512vnni")]
fn halves(left: &[u32], right: &[u32], tile: &mut [u32], vectors: usize) {
    match vectors {
        1 => halves_tile::<1>(left, right, tile),
        _ => halves_tile::<DOT_VECTORS>(left, right, tile),
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn halves_and_bytes(left: &[u32], right: &[u32], tile: &mut [u32], vectors: usize) {
    match vectors {
        1 => halves_and_bytes_tile::<1>(left, right, tile),
        _ => halves_and_bytes_tile::<DOT_VECTORS>(left, right, tile),
    }
}

type Sums<const V: usize> = [[__m512i; V]; DOT_ROWS];

#[target_feature(enable = "avx512f,avx512vnni")]
fn halves_tile<const V: usize>(left: &[u32], right: &[u32], tile: &mut [u32]) {
    let width = V * LANES;
    let groups = groups((left, DOT_ROWS), (right, 2 * width), (tile, DOT_ROWS * width));
    let (mut low, mut high) =
        ([[_mm512_setzero_si512(); V]; DOT_ROWS], [[_mm512_setzero_si512(); V]; DOT_ROWS]);
    for group in 0..groups {
        // SAFETY: `groups` counted `DOT_ROWS` words of `left` and two times `width` words of `right` for each group.
        unsafe {
            let (left, right) = (left.as_ptr().add(group * DOT_ROWS), right.as_ptr().add(group * 2 * width));
            dot_halves(&mut low, left, right);
            dot_halves(&mut high, left, right.add(width));
        }
    }
    store(&combine(low, high), tile);
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn halves_and_bytes_tile<const V: usize>(left: &[u32], right: &[u32], tile: &mut [u32]) {
    let width = V * LANES;
    let groups = groups((left, 3 * DOT_ROWS), (right, 3 * width), (tile, DOT_ROWS * width));
    let (mut low, mut high) =
        ([[_mm512_setzero_si512(); V]; DOT_ROWS], [[_mm512_setzero_si512(); V]; DOT_ROWS]);
    for group in 0..groups {
        // SAFETY: `groups` counted three times `DOT_ROWS` words of `left` and `width` words of `right` for each group.
        unsafe {
            let left = left.as_ptr().add(group * 3 * DOT_ROWS);
            let right = right.as_ptr().add(group * 3 * width);
            dot_halves(&mut low, left, right);
            dot_halves(&mut low, left.add(DOT_ROWS), right.add(width));
            dot_bytes(&mut high, left.add(2 * DOT_ROWS), right.add(2 * width));
        }
    }
    store(&combine(low, high), tile);
}

/// Adds dot products of pairs of signed halves. Sums wrap.
///
/// # Safety
///
/// `left` points to `DOT_ROWS` words and `right` to `V * LANES` words.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn dot_halves<const V: usize>(sums: &mut Sums<V>, left: *const u32, right: *const u32) {
    // SAFETY: the caller's, and `v * LANES + LANES <= V * LANES`.
    let values: [__m512i; V] =
        std::array::from_fn(|v| unsafe { _mm512_loadu_si512(right.add(v * LANES).cast()) });
    for (row, sums) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's, and `row < DOT_ROWS`.
        let weight = _mm512_set1_epi32(unsafe { *left.add(row) } as i32);
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum = _mm512_dpwssd_epi32(*sum, weight, value));
    }
}

/// Adds dot products of four signed bytes of `left` and unsigned bytes of `right`. Sums wrap.
///
/// # Safety
///
/// As [`dot_halves`].
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn dot_bytes<const V: usize>(sums: &mut Sums<V>, left: *const u32, right: *const u32) {
    // SAFETY: the caller's, and `v * LANES + LANES <= V * LANES`.
    let values: [__m512i; V] =
        std::array::from_fn(|v| unsafe { _mm512_loadu_si512(right.add(v * LANES).cast()) });
    for (row, sums) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's, and `row < DOT_ROWS`.
        let weight = _mm512_set1_epi32(unsafe { *left.add(row) } as i32);
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum = _mm512_dpbusd_epi32(*sum, value, weight));
    }
}

/// `low + 2^16 high`.
#[target_feature(enable = "avx512f")]
fn combine<const V: usize>(mut low: Sums<V>, high: Sums<V>) -> Sums<V> {
    for (low, high) in low.as_flattened_mut().iter_mut().zip(high.as_flattened()) {
        *low = _mm512_add_epi32(*low, _mm512_slli_epi32::<16>(*high));
    }
    low
}

#[target_feature(enable = "avx512f")]
fn store<const V: usize, const R: usize>(sums: &[[__m512i; V]; R], tile: &mut [u32]) {
    for (sum, to) in sums.as_flattened().iter().zip(tile.chunks_exact_mut(LANES)) {
        // SAFETY: `to` has `LANES` words.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), *sum) }
    }
}
