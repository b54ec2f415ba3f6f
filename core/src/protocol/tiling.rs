//! How blocks tile one plane: from the top left corner, the last row and column of blocks may be ragged.

use crate::geometry::Shape;

/// Blocks of `block` rows x columns on a plane of `plane` rows x columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    plane: [usize; 2],
    block: [usize; 2],
}

impl Tiling {
    /// Blocks of `height` x `width` pixels (at least 1x1) on the planes of `shape`.
    pub fn new(shape: Shape, height: u16, width: u16) -> Self {
        let plane = [shape.height as usize, shape.width as usize];
        Self { plane, block: [usize::from(height).max(1), usize::from(width).max(1)] }
    }

    /// Blocks in one row of blocks.
    pub fn columns(&self) -> usize {
        self.plane[1].div_ceil(self.block[1])
    }

    /// Blocks of the plane.
    pub fn len(&self) -> usize {
        self.plane[0].div_ceil(self.block[0]) * self.columns()
    }

    /// Whether the plane is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every pixel is a block of its own.
    pub fn is_pixelwise(&self) -> bool {
        self.block == [1, 1]
    }

    /// Index of the first block that pixel row `row` touches.
    pub fn first_block(&self, row: usize) -> usize {
        row / self.block[0] * self.columns()
    }

    /// `sums[block] += pixels` for the pixel rows from `first_row` on; `sums` is indexed by block of the plane.
    pub fn add_sums(&self, first_row: usize, pixels: &[u32], sums: &mut [u32]) {
        for (row, pixels) in pixels.chunks(self.plane[1].max(1)).enumerate() {
            let blocks = &mut sums[self.first_block(first_row + row)..];
            for (sum, pixels) in blocks.iter_mut().zip(pixels.chunks(self.block[1])) {
                *sum = pixels.iter().fold(*sum, |sum, pixel| sum.wrapping_add(*pixel));
            }
        }
    }

    /// Gives every pixel of one row the value of its block; `row_of_blocks` are the blocks of that row.
    pub fn spread_row(&self, row_of_blocks: &[u32], pixels: &mut [u32]) {
        for (block, pixels) in row_of_blocks.iter().zip(pixels.chunks_mut(self.block[1])) {
            pixels.fill(*block);
        }
    }

    /// Gives every pixel of the rows from `first_row` on the value of its block; `blocks` is indexed by block of the
    /// plane.
    pub fn spread(&self, first_row: usize, blocks: &[u32], pixels: &mut [u32]) {
        for (row, pixels) in pixels.chunks_mut(self.plane[1].max(1)).enumerate() {
            self.spread_row(&blocks[self.first_block(first_row + row)..], pixels);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ragged_blocks_sum_what_is_there() {
        let tiling = Tiling::new(Shape::new(1, 3, 5), 2, 3);
        assert_eq!((tiling.columns(), tiling.len()), (2, 4));
        let pixels = [1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 7, 7, 7, 8, 8];
        let mut sums = [0; 4];
        tiling.add_sums(0, &pixels, &mut sums);
        assert_eq!(sums, [66, 99, 21, 16]);
        let mut spread = [0; 10];
        tiling.spread(1, &sums, &mut spread);
        assert_eq!(spread, [66, 66, 66, 99, 99, 21, 21, 21, 16, 16]);
    }
}
