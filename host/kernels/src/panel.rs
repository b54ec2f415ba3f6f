//! The inner loop of all convolutions and their gradients: a few gathered values times rows of weights.

use std::sync::OnceLock;

/// Positions in a slice, and the largest of them.
#[derive(Clone, Debug, Default)]
pub struct Offsets {
    values: Vec<u32>,
    largest: usize,
}

impl Offsets {
    /// From positions in any order.
    pub fn new(values: Vec<u32>) -> Self {
        let largest = values.iter().copied().max().unwrap_or(0) as usize;
        Self { values, largest }
    }

    /// The positions, as given.
    pub fn values(&self) -> &[u32] {
        &self.values
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.values.len()
    }
}

/// `out[p][l] += sum over k of x[a[p] + b[k]] w[k][l]`, for `points` values `p` and `lanes` values `l`.
type Run = unsafe fn(x: &[f32], a: &[u32], b: &[u32], w: &[f32], out: &mut [f32]);

/// One size of that loop, for some processors.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// Gathered values at a time.
    pub points: usize,
    /// Weights a row.
    pub lanes: usize,
    run: Run,
}

impl Panel {
    /// The fastest one of this processor for rows of `channels` weights.
    pub fn best(channels: usize) -> Self {
        static FOUND: OnceLock<Vec<Panel>> = OnceLock::new();
        let found = FOUND.get_or_init(Self::available);
        let wide = |panel: &&Panel| channels > 16 || panel.lanes == 16;
        *found.iter().find(wide).unwrap_or(&PORTABLE)
    }

    /// All that this processor can run, the fastest first.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                found.push(Self { points: 8, lanes: 32, run: wide::double });
                found.push(Self { points: 8, lanes: 16, run: wide::single });
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                found.push(Self { points: 4, lanes: 16, run: narrow::double });
            }
        }
        found.push(PORTABLE);
        found
    }

    /// Adds to `out`, `points` rows of `lanes` values. Nothing is added if a slice is too short.
    pub fn add(&self, x: &[f32], a: &[u32], b: &Offsets, w: &[f32], out: &mut [f32]) {
        let reach = a.iter().copied().max().unwrap_or(0) as usize + b.largest;
        let fits = a.len() == self.points
            && reach < x.len()
            && w.len() == b.len() * self.lanes
            && out.len() == self.points * self.lanes;
        debug_assert!(fits);
        if fits {
            // SAFETY: the processor has the instructions, as `available` found out, and the lengths are those that the
            // loops read and write: every `a[p] + b[k]` is at most `reach`, inside of `x`.
            unsafe { (self.run)(x, a, &b.values, w, out) }
        }
    }
}

const PORTABLE: Panel = Panel { points: 4, lanes: 16, run: portable };

/// # Safety
/// None is needed: everything is checked.
unsafe fn portable(x: &[f32], a: &[u32], b: &[u32], w: &[f32], out: &mut [f32]) {
    for (start, out) in a.iter().zip(out.chunks_exact_mut(16)) {
        let mut sums = [0.0f32; 16];
        for (offset, row) in b.iter().zip(w.chunks_exact(16)) {
            let value = x[*start as usize + *offset as usize];
            sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * weight);
        }
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! panel {
    ($name:ident, $feature:literal, $width:literal, $vectors:literal, $points:literal) => {
        /// # Safety
        /// The processor must have the instructions; `a` must have the panel's points, `w` a row for every `b`, `out` a
        /// row for every `a`, and every `a + b` must be inside of `x`.
        // Iterators in the place of indices are not unrolled, and sums go through memory then.
        #[allow(clippy::needless_range_loop)]
        #[target_feature(enable = $feature)]
        pub(super) unsafe fn $name(x: &[f32], a: &[u32], b: &[u32], w: &[f32], out: &mut [f32]) {
            let mut sums = [[zero(); $vectors]; $points];
            let mut starts = [x.as_ptr(); $points];
            for p in 0..$points {
                // SAFETY: inside of `x`, as the caller guarantees.
                starts[p] = unsafe { x.as_ptr().add(a[p] as usize) };
            }
            let mut row = w.as_ptr();
            for offset in b {
                let mut lanes = [zero(); $vectors];
                for v in 0..$vectors {
                    // SAFETY: `w` has a row for every `b`.
                    lanes[v] = unsafe { load(row.add(v * $width)) };
                }
                // SAFETY: one row further, at most behind the last.
                row = unsafe { row.add($width * $vectors) };
                for p in 0..$points {
                    // SAFETY: `a + b` is inside of `x`.
                    let value = set(unsafe { *starts[p].add(*offset as usize) });
                    for v in 0..$vectors {
                        sums[p][v] = fma(value, lanes[v], sums[p][v]);
                    }
                }
            }
            for p in 0..$points {
                for v in 0..$vectors {
                    let out = &mut out[(p * $vectors + v) * $width..][..$width];
                    // SAFETY: `out` has as many values as a vector.
                    unsafe { store(out.as_mut_ptr(), plus(load(out.as_ptr()), sums[p][v])) };
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        _mm512_add_ps as plus, _mm512_fmadd_ps as fma, _mm512_loadu_ps as load, _mm512_set1_ps as set,
        _mm512_setzero_ps as zero, _mm512_storeu_ps as store,
    };

    panel!(single, "avx512f", 16, 1, 8);
    panel!(double, "avx512f", 16, 2, 8);
}

#[cfg(target_arch = "x86_64")]
mod narrow {
    use std::arch::x86_64::{
        _mm256_add_ps as plus, _mm256_fmadd_ps as fma, _mm256_loadu_ps as load, _mm256_set1_ps as set,
        _mm256_setzero_ps as zero, _mm256_storeu_ps as store,
    };

    panel!(double, "avx2,fma", 8, 2, 4);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_compute_the_same_sums() {
        let x: Vec<f32> = (0..200).map(|at| ((at * 37 + 11) % 101) as f32 / 50.0 - 1.0).collect();
        let b = Offsets::new(vec![0, 7, 100, 3, 3, 50]);
        for panel in Panel::available() {
            let a: Vec<u32> = (0..panel.points as u32).map(|p| p * 13 % 99).collect();
            let w: Vec<f32> =
                (0..b.len() * panel.lanes).map(|at| ((at * 29 + 5) % 83) as f32 / 41.0).collect();
            let mut out = vec![1.0; panel.points * panel.lanes];
            panel.add(&x, &a, &b, &w, &mut out);
            for (at, got) in out.iter().enumerate() {
                let (p, l) = (at / panel.lanes, at % panel.lanes);
                let terms = b.values().iter().enumerate();
                let sum: f32 = terms.map(|(k, b)| x[(a[p] + b) as usize] * w[k * panel.lanes + l]).sum();
                assert!((got - 1.0 - sum).abs() < 1e-4, "{panel:?} {p} {l}");
            }
        }
    }
}
