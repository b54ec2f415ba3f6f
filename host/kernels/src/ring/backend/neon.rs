//! Micro kernel of 128-bit vectors of aarch64.

use std::arch::aarch64::*;

use super::super::compiled::Work;
use super::super::format::Format;
use super::super::micro::{Micro, groups};

const ROWS: usize = 8;
const LANES: usize = 4;
const VECTORS: usize = 3;

pub(super) const WORD: Micro =
    Micro { rows: ROWS, lanes: LANES, columns: VECTORS * LANES, format: Format::Word, cost: 100, run: word };

pub(super) fn is_here() -> bool {
    std::arch::is_aarch64_feature_detected!("neon")
}

pub(super) fn for_weights(_weights: &[u32], _bits: u32) -> Micro {
    WORD
}

#[target_feature(enable = "neon")]
pub(super) fn compiled<W: Work>(work: W) -> W::Output {
    work.run()
}

#[target_feature(enable = "neon")]
fn word(left: &[u32], right: &[u32], tile: &mut [u32], vectors: usize) {
    match vectors {
        1 => word_tile::<1>(left, right, tile),
        2 => word_tile::<2>(left, right, tile),
        _ => word_tile::<VECTORS>(left, right, tile),
    }
}

#[target_feature(enable = "neon")]
fn word_tile<const V: usize>(left: &[u32], right: &[u32], tile: &mut [u32]) {
    let width = V * LANES;
    let groups = groups((left, ROWS), (right, width), (tile, ROWS * width));
    let mut sums = [[vdupq_n_u32(0); V]; ROWS];
    for group in 0..groups {
        // SAFETY: `groups` counted `ROWS` words of `left` and `width` words of `right` for each group.
        let (left, right) = unsafe { (left.as_ptr().add(group * ROWS), right.as_ptr().add(group * width)) };
        // SAFETY: as above, and `v * LANES + LANES <= width`.
        let values: [uint32x4_t; V] = std::array::from_fn(|v| unsafe { vld1q_u32(right.add(v * LANES)) });
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above, and `row < ROWS`.
            let weight = unsafe { *left.add(row) };
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = vmlaq_n_u32(*sum, value, weight);
            }
        }
    }
    for (sum, to) in sums.as_flattened().iter().zip(tile.chunks_exact_mut(LANES)) {
        // SAFETY: `to` has `LANES` words.
        unsafe { vst1q_u32(to.as_mut_ptr(), *sum) }
    }
}
