//! Micro kernel of 128-bit vectors of x86-64.

use std::arch::x86_64::*;

use super::super::compiled::Work;
use super::super::format::Format;
use super::super::micro::{Micro, groups};

const ROWS: usize = 4;
const LANES: usize = 4;
const VECTORS: usize = 2;

pub(super) const WORD: Micro =
    Micro { rows: ROWS, lanes: LANES, columns: VECTORS * LANES, format: Format::Word, cost: 100, run: word };

pub(super) fn is_here() -> bool {
    is_x86_feature_detected!("sse4.1")
}

pub(super) fn for_weights(_weights: &[u32], _bits: u32) -> Micro {
    WORD
}

#[target_feature(enable = "sse4.1")]
pub(super) fn compiled<W: Work>(work: W) -> W::Output {
    work.run()
}

#[target_feature(enable = "sse4.1")]
fn word(left: &[u32], right: &[u32], tile: &mut [u32], vectors: usize) {
    match vectors {
        1 => word_tile::<1>(left, right, tile),
        _ => word_tile::<VECTORS>(left, right, tile),
    }
}

#[target_feature(enable = "sse4.1")]
fn word_tile<const V: usize>(left: &[u32], right: &[u32], tile: &mut [u32]) {
    let width = V * LANES;
    let groups = groups((left, ROWS), (right, width), (tile, ROWS * width));
    let mut sums = [[_mm_setzero_si128(); V]; ROWS];
    for group in 0..groups {
        // SAFETY: `groups` counted `ROWS` words of `left` and `width` words of `right` for each group.
        let (left, right) = unsafe { (left.as_ptr().add(group * ROWS), right.as_ptr().add(group * width)) };
        // SAFETY: as above, and `v * LANES + LANES <= width`.
        let values: [__m128i; V] =
            std::array::from_fn(|v| unsafe { _mm_loadu_si128(right.add(v * LANES).cast()) });
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above, and `row < ROWS`.
            let weight = _mm_set1_epi32(unsafe { *left.add(row) } as i32);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = _mm_add_epi32(*sum, _mm_mullo_epi32(weight, value));
            }
        }
    }
    for (sum, to) in sums.as_flattened().iter().zip(tile.chunks_exact_mut(LANES)) {
        // SAFETY: `to` has `LANES` words.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), *sum) }
    }
}
