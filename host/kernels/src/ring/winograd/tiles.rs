//! The transforms of tiles, a vector of tiles at a time.

use std::array::from_fn;
use std::marker::PhantomData;

use super::super::compiled::Work;
use super::filter::Filter;

/// Tiles that are transformed at a time.
pub(super) const LANES: usize = 16;

/// One element of so many tiles.
type Vector<const L: usize> = [u32; L];

/// `matrix * vector`, mod 2^32. The matrix is known at compile time, so that its zeros cost nothing.
#[inline(always)]
fn apply<const R: usize, const C: usize>(matrix: &[[i32; C]; R], vector: [u32; C]) -> [u32; R] {
    let mut sums = [0u32; R];
    for r in 0..R {
        for c in 0..C {
            if matrix[r][c] != 0 {
                sums[r] = sums[r].wrapping_add(vector[c].wrapping_mul(matrix[r][c] as u32));
            }
        }
    }
    sums
}

/// [`apply`] in every lane: the compiler unrolls one lane and then makes vectors of all.
#[inline(always)]
fn apply_lanes<const R: usize, const C: usize, const L: usize>(
    matrix: &[[i32; C]; R],
    vectors: [&Vector<L>; C],
) -> [Vector<L>; R] {
    let mut result = [[0; L]; R];
    for lane in 0..L {
        let sums = apply(matrix, from_fn(|c| vectors[c][lane]));
        for r in 0..R {
            result[r][lane] = sums[r];
        }
    }
    result
}

/// `matrix * square * matrix'`, mod 2^32.
#[inline(always)]
fn apply_twice<const R: usize, const C: usize, const L: usize>(
    matrix: &[[i32; C]; R],
    square: &[[Vector<L>; C]; C],
) -> [[Vector<L>; R]; R] {
    let mut columns = [[[0; L]; R]; C];
    for (c, column) in columns.iter_mut().enumerate() {
        *column = apply_lanes(matrix, from_fn(|r| &square[r][c]));
    }
    let mut result = [[[0; L]; R]; R];
    for (r, row) in result.iter_mut().enumerate() {
        *row = apply_lanes(matrix, from_fn(|c| &columns[c][r]));
    }
    result
}

/// `G g G'` for a kernel of 3x3 elements.
pub(super) fn transform_kernel<F: Filter<N, M>, const N: usize, const M: usize>(kernel: &[u32]) -> Vec<u32> {
    let columns: [[u32; N]; 3] = from_fn(|c| apply(&F::WEIGHTS, from_fn(|r| kernel[r * 3 + c])));
    (0..N).flat_map(|r| apply(&F::WEIGHTS, from_fn(|c| columns[c][r]))).collect()
}

/// `B' d B` for every tile of a padded plane, to `[N * N][tiles]`.
pub(super) struct Forward<'a, F, const N: usize, const M: usize> {
    pub(super) padded: &'a [u32],
    /// Columns of the padded plane.
    pub(super) width: usize,
    /// Tiles of a row.
    pub(super) right: usize,
    pub(super) to: &'a mut [u32],
    pub(super) filter: PhantomData<F>,
}

impl<F: Filter<N, M>, const N: usize, const M: usize> Work for Forward<'_, F, N, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let tiles = self.to.len() / (N * N);
        let count = self.padded.len() / self.width / M * self.right;
        for start in (0..count).step_by(LANES) {
            let patches = self.gather(start..count.min(start + LANES));
            let transformed = apply_twice(&F::INPUT, &patches);
            for (element, lanes) in transformed.as_flattened().iter().enumerate() {
                self.to[element * tiles + start..][..LANES].copy_from_slice(lanes);
            }
        }
    }
}

impl<F: Filter<N, M>, const N: usize, const M: usize> Forward<'_, F, N, M> {
    #[inline(always)]
    fn gather(&self, tiles: std::ops::Range<usize>) -> [[Vector<LANES>; N]; N] {
        let mut lanes = [[[0; LANES]; N]; N];
        for (lane, tile) in tiles.enumerate() {
            let corner = tile / self.right * M * self.width + tile % self.right * M;
            for (r, row) in lanes.iter_mut().enumerate() {
                let line = &self.padded[corner + r * self.width..][..N];
                row.iter_mut().zip(line).for_each(|(lanes, pixel)| lanes[lane] = *pixel);
            }
        }
        lanes
    }
}

/// `A' s A / 2^SPARE` for every tile of an output plane, added to it.
pub(super) struct Backward<'a, F, const N: usize, const M: usize> {
    /// `[N * N][tiles]`.
    pub(super) sums: &'a [u32],
    pub(super) out: &'a mut [u32],
    /// Rows and columns of the plane.
    pub(super) size: [usize; 2],
    pub(super) filter: PhantomData<F>,
}

impl<F: Filter<N, M>, const N: usize, const M: usize> Work for Backward<'_, F, N, M> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let tiles = self.sums.len() / (N * N);
        let [height, width] = self.size;
        let count = height.div_ceil(M) * width.div_ceil(M);
        for start in (0..count).step_by(LANES) {
            let mut sums = [[[0; LANES]; N]; N];
            for (element, lanes) in sums.as_flattened_mut().iter_mut().enumerate() {
                lanes.copy_from_slice(&self.sums[element * tiles + start..][..LANES]);
            }
            let scaled = apply_twice(&F::OUTPUT, &sums);
            self.scatter(start..count.min(start + LANES), &scaled);
        }
    }
}

impl<F: Filter<N, M>, const N: usize, const M: usize> Backward<'_, F, N, M> {
    #[inline(always)]
    fn scatter(&mut self, tiles: std::ops::Range<usize>, scaled: &[[Vector<LANES>; M]; M]) {
        let width = self.size[1];
        for (lane, tile) in tiles.enumerate() {
            let (top, left) = (tile / width.div_ceil(M) * M, tile % width.div_ceil(M) * M);
            for (row, line) in scaled.iter().zip(self.out.chunks_mut(width).skip(top)) {
                for (lanes, to) in row.iter().zip(&mut line[left..]) {
                    *to = to.wrapping_add(lanes[lane] >> F::SPARE);
                }
            }
        }
    }
}
