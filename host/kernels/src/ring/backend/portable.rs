//! The micro kernel in plain Rust: the meaning of all others.

use super::super::compiled::Work;
use super::super::format::Format;
use super::super::micro::Micro;

const ROWS: usize = 4;
const LANES: usize = 8;

pub(super) const WORD: Micro =
    Micro { rows: ROWS, lanes: LANES, columns: LANES, format: Format::Word, cost: 100, run };

pub(super) fn is_here() -> bool {
    true
}

pub(super) fn for_weights(_weights: &[u32], _bits: u32) -> Micro {
    WORD
}

pub(super) fn compiled<W: Work>(work: W) -> W::Output {
    work.run()
}

fn run(left: &[u32], right: &[u32], tile: &mut [u32], _vectors: usize) {
    let mut sums = [[0u32; LANES]; ROWS];
    for (left, right) in left.chunks_exact(ROWS).zip(right.chunks_exact(LANES)) {
        for (sums, weight) in sums.iter_mut().zip(left) {
            for (sum, value) in sums.iter_mut().zip(right) {
                *sum = sum.wrapping_add(weight.wrapping_mul(*value));
            }
        }
    }
    tile.chunks_exact_mut(LANES).zip(&sums).for_each(|(tile, sums)| tile.copy_from_slice(sums));
}
