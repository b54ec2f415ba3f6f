//! Micro kernels: one tile of a matrix product in registers. Every backend has its own.

use super::format::Format;

/// Elements of the largest tile of any backend.
pub(super) const MAX_TILE: usize = 8 * 48;

/// Computes the product of packed panels: left `[groups][left words][rows]`, right `[groups][right words][width]`,
/// tile `[rows][width]`, where `width` is `vectors` times the lanes of a vector.
///
/// The function itself checks the lengths; its instructions must exist on this processor.
pub(super) type Run = unsafe fn(left: &[u32], right: &[u32], tile: &mut [u32], vectors: usize);

/// A micro kernel whose instructions exist on this processor.
#[derive(Clone, Copy)]
pub(super) struct Micro {
    /// Rows of a tile.
    pub(super) rows: usize,
    /// Columns of a vector.
    pub(super) lanes: usize,
    /// Columns of the widest tile.
    pub(super) columns: usize,
    /// What the words of the panels hold.
    pub(super) format: Format,
    /// Measured time of a multiplication, in percent of that of whole words on the same backend.
    pub(super) cost: usize,
    /// Its function.
    pub(super) run: Run,
}

impl Micro {
    /// Writes the product of two panels to the start of `tile`; `width` is a multiple of the lanes.
    pub(super) fn run(&self, left: &[u32], right: &[u32], tile: &mut [u32], width: usize) {
        // SAFETY: a micro kernel is handed out only after its instructions were detected.
        unsafe { (self.run)(left, right, tile, width / self.lanes) }
    }
}

/// Whether all weights, residues mod 2^32, are signed 16-bit numbers.
pub(super) fn are_halves(weights: &[u32]) -> bool {
    weights.iter().all(|weight| i16::try_from(*weight as i32).is_ok())
}

/// The number of groups of a pair of panels.
///
/// Panics unless both have the same number of groups and `tile` holds the result, which is what makes the pointer
/// arithmetic of the kernels sound.
#[inline(always)]
pub(super) fn groups(left: (&[u32], usize), right: (&[u32], usize), tile: (&[u32], usize)) -> usize {
    let groups = left.0.len() / left.1;
    assert!(right.0.len() == groups * right.1 && tile.0.len() >= tile.1);
    groups
}
