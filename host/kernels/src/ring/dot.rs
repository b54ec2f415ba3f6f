//! Maps to planes of one pixel: one dot product an output, as fast as memory delivers the weights.

use brelu_core::share::Wiped;
use rayon::prelude::*;
use zeroize::{DefaultIsZeroes, Zeroize};

use super::backend::Detected;
use super::compiled::Work;
use super::linear::Map;
use super::micro::are_halves;
use super::patches::{Patches, Rows};

/// Multiplications below which a task is not worth a thread.
const TASK: usize = 1 << 15;

/// A weight as it is stored, in as few bytes as the weights allow.
trait Weight: DefaultIsZeroes + Send + Sync {
    /// The residue mod 2^32.
    fn residue(self) -> u32;
}

impl Weight for u32 {
    #[inline(always)]
    fn residue(self) -> u32 {
        self
    }
}

impl Weight for i16 {
    #[inline(always)]
    fn residue(self) -> u32 {
        i32::from(self) as u32
    }
}

/// Rows of weights and the patch that they multiply.
struct Dot<W: Weight> {
    backend: Detected,
    /// `[groups][rows][depth]`.
    weights: Vec<W>,
    rows: usize,
    depth: usize,
    patches: Patches,
}

impl<W: Weight> Drop for Dot<W> {
    fn drop(&mut self) {
        self.weights.as_mut_slice().zeroize();
    }
}

/// A map to one pixel for each of the `weights`, `[groups][rows][depth]`, residues mod 2^32; the output planes have
/// one pixel each.
pub(super) fn dot(
    backend: Detected,
    [rows, depth]: [usize; 2],
    weights: &[u32],
    patches: Patches,
) -> Box<dyn Map> {
    if are_halves(weights) {
        let weights: Vec<i16> = weights.iter().map(|weight| *weight as i16).collect();
        return Box::new(Dot { backend, weights, rows, depth, patches });
    }
    Box::new(Dot { backend, weights: weights.to_vec(), rows, depth, patches })
}

impl<W: Weight> Map for Dot<W> {
    fn accumulate(&self, x: &[u32], out: &mut [u32]) {
        let groups = out.len() / self.rows;
        let x = x.par_chunks(x.len() / groups);
        let weights = self.weights.par_chunks(self.rows * self.depth);
        let out = out.par_chunks_mut(self.rows);
        x.zip(weights).zip(out).for_each(|((x, weights), out)| self.group(x, weights, out));
    }
}

impl<W: Weight> Dot<W> {
    fn group(&self, x: &[u32], weights: &[W], out: &mut [u32]) {
        let rows = (TASK / self.depth).max(1);
        let mut patch = Wiped::new(vec![0; self.depth]);
        self.patches.of(x).read(0..self.depth, 0..1, &mut patch, 1);
        let weights = weights.par_chunks(rows * self.depth);
        weights.zip(out.par_chunks_mut(rows)).for_each(|(weights, out)| {
            self.backend.run(DotRows { weights, patch: &patch, out });
        });
    }
}

/// Some rows of one group.
struct DotRows<'a, W> {
    weights: &'a [W],
    patch: &'a [u32],
    out: &'a mut [u32],
}

impl<W: Weight> Work for DotRows<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (to, row) in self.out.iter_mut().zip(self.weights.chunks_exact(self.patch.len())) {
            let mut sum = 0u32;
            for (weight, value) in row.iter().zip(self.patch) {
                sum = sum.wrapping_add(weight.residue().wrapping_mul(*value));
            }
            *to = to.wrapping_add(sum);
        }
    }
}
