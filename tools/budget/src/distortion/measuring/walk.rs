//! Sums over the blocks of a plane, for many block sizes at once.
//!
//! Sums over the columns of a block are shared by all sizes of its width: a size of `h x w` costs `H * ceil(W / w)`
//! additions instead of `H * W`.

use brelu_networks::blocks::BlockSize;

/// The deciding sizes of a layer, by their width.
#[derive(Clone, Debug)]
pub(super) struct Sizes {
    /// Width, and heights with their positions among the layer's candidates.
    groups: Vec<(usize, Vec<(usize, usize)>)>,
}

impl Sizes {
    pub(super) fn new(sizes: &[BlockSize]) -> Self {
        let mut groups: Vec<(usize, Vec<(usize, usize)>)> = Vec::new();
        for (at, size) in sizes.iter().enumerate().filter(|(_, size)| size.decides()) {
            let entry = (usize::from(size.height), at);
            match groups.iter_mut().find(|(width, _)| *width == usize::from(size.width)) {
                Some((_, heights)) => heights.push(entry),
                None => groups.push((usize::from(size.width), vec![entry])),
            }
        }
        Self { groups }
    }

    /// Shows `visit` every block of every size: the candidate, the sums of the block's values, and its pixels. Blocks of
    /// one size come one after the other. `plane` has `line` pixels a row, each with `N` values.
    pub(super) fn walk<const N: usize>(
        &self,
        plane: &[[f32; N]],
        line: usize,
        strips: &mut Vec<[f32; N]>,
        visit: &mut impl FnMut(usize, &[f32; N], usize),
    ) {
        for (width, heights) in &self.groups {
            strips.clear();
            for row in plane.chunks_exact(line) {
                strips.extend(row.chunks(*width).map(sum));
            }
            let across = line.div_ceil(*width);
            for (height, candidate) in heights {
                bands(strips, [across, *height], &mut |column, rows, sums| {
                    let columns = (*width).min(line - column * width);
                    visit(*candidate, sums, rows * columns);
                });
            }
        }
    }
}

/// Shows `visit` the sums of `height` rows of strips each: column of blocks, rows, sums.
#[inline(always)]
fn bands<const N: usize>(
    strips: &[[f32; N]],
    [across, height]: [usize; 2],
    visit: &mut impl FnMut(usize, usize, &[f32; N]),
) {
    for band in strips.chunks(across * height) {
        let rows = band.len() / across;
        for column in 0..across {
            let mut sums = band[column];
            for row in 1..rows {
                add(&mut sums, &band[row * across + column]);
            }
            visit(column, rows, &sums);
        }
    }
}

#[inline(always)]
fn sum<const N: usize>(pixels: &[[f32; N]]) -> [f32; N] {
    let mut sums = [0.0; N];
    for pixel in pixels {
        add(&mut sums, pixel);
    }
    sums
}

#[inline(always)]
pub(super) fn add<const N: usize>(sums: &mut [f32; N], values: &[f32; N]) {
    for lane in 0..N {
        sums[lane] += values[lane];
    }
}
