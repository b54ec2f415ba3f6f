use core::ops::Range;

use serde::{Deserialize, Serialize};

use super::Element;

/// The windows of a pooling; they may stick out of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// Rows and columns of a window.
    pub kernel: [u16; 2],
    /// Vertical and horizontal step.
    pub stride: [u16; 2],
    /// Rows above and columns left of the map that the first windows cover.
    pub pads: [u16; 2],
}

impl Windows {
    /// The rows (axis 0) or columns (axis 1) that window `index` covers, cut to a map that has `size` of them.
    pub fn span(&self, axis: usize, index: u32, size: u32) -> Range<u32> {
        let start = i64::from(index) * i64::from(self.stride[axis]) - i64::from(self.pads[axis]);
        let cut = |at: i64| at.clamp(0, i64::from(size)) as u32;
        cut(start)..cut(start + i64::from(self.kernel[axis]))
    }

    /// The columns of a map of `width` that the windows of `columns`, at least one, lie between.
    pub(crate) fn columns(&self, columns: Range<u32>, width: u32) -> Range<u32> {
        self.span(1, columns.start, width).start..self.span(1, columns.end - 1, width).end
    }

    /// Elements of a map of so many rows and columns that a window covers at most.
    pub(crate) fn most(&self, height: u32, width: u32) -> u64 {
        let covered = |axis: usize, size: u32| u64::from(size.min(u32::from(self.kernel[axis])));
        covered(0, height) * covered(1, width)
    }

    /// Adds to `out`, the windows of `columns`, one of the rows they cover. `source` has its [`Self::columns`].
    pub(crate) fn add_row<T: Element>(&self, columns: Range<u32>, width: u32, source: &[T], out: &mut [T]) {
        let left = self.span(1, columns.start, width).start;
        for (out, column) in out.iter_mut().zip(columns) {
            let window = self.span(1, column, width);
            let window = &source[(window.start - left) as usize..(window.end - left) as usize];
            *out = window.iter().fold(*out, |sum, value| sum.plus(*value));
        }
    }
}
