use core::ops::Range;

use serde::{Deserialize, Serialize};

use super::Element;

/// Where one axis of a view comes from: output index `i` reads input index `floor((i * num + add) / den)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// Numerator of the step; negative for the opposite order.
    pub num: i32,
    /// Added before the division.
    pub add: i32,
    /// Denominator of the step, at least 1.
    pub den: i32,
}

impl Axis {
    /// The axis as it is.
    pub const SAME: Self = Self { num: 1, add: 0, den: 1 };

    /// Every `step`-th index from `start`; a negative start pads.
    pub const fn slice(start: i32, step: i32) -> Self {
        Self { num: step, add: start, den: 1 }
    }

    /// The input index that output index `index` reads, possibly outside of the tensor.
    pub fn source(&self, index: u32) -> i64 {
        (i64::from(index) * i64::from(self.num) + i64::from(self.add)).div_euclid(i64::from(self.den.max(1)))
    }
}

/// What a view reads outside of its tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edge {
    /// Zeros.
    Zero,
    /// The nearest element of the tensor.
    Clamp,
}

impl Edge {
    /// The index read for `index` on an axis of `size` elements, or `None` for a zero.
    pub fn resolve(&self, index: i64, size: u32) -> Option<u32> {
        let last = i64::from(size) - 1;
        match self {
            Edge::Zero => (0..=last).contains(&index).then_some(index as u32),
            Edge::Clamp => Some(index.clamp(0, last) as u32),
        }
    }
}

/// The elements that a view picks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picks {
    /// Where channels, rows and columns come from.
    pub axes: [Axis; 3],
    /// What stands outside the tensor.
    pub edge: Edge,
}

impl Picks {
    /// All elements.
    pub const ALL: Self = Self { axes: [Axis::SAME; 3], edge: Edge::Zero };

    /// Channels from `first` on.
    pub const fn channels(first: u32) -> Self {
        Self { axes: [Axis::slice(first as i32, 1), Axis::SAME, Axis::SAME], edge: Edge::Zero }
    }

    /// The channel (axis 0), row or column that `index` reads on an axis of `size`, or `None` for a zero.
    pub fn source(&self, axis: usize, index: u32, size: u32) -> Option<u32> {
        self.edge.resolve(self.axes[axis].source(index), size)
    }

    /// The columns of a source row of `width` that columns `columns` lie between; empty if they see only zeros.
    pub(crate) fn columns(&self, columns: Range<u32>, width: u32) -> Range<u32> {
        let (last, axis) = (i64::from(width) - 1, &self.axes[2]);
        let ends = [columns.start, columns.end.saturating_sub(1)].map(|column| axis.source(column));
        let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        match self.edge {
            Edge::Zero => low.clamp(0, last + 1) as u32..(high.clamp(-1, last) + 1) as u32,
            Edge::Clamp => low.clamp(0, last) as u32..(high.clamp(0, last) + 1) as u32,
        }
    }

    /// Columns `columns` of a row, which reads a row of `width`. `source` has the [`Self::columns`] of that.
    pub(crate) fn row<T: Element>(&self, columns: Range<u32>, width: u32, source: &[T], out: &mut [T]) {
        let (axis, left) = (&self.axes[2], self.columns(columns.clone(), width).start);
        if *axis == Axis::SAME && columns.end <= width {
            return out.copy_from_slice(&source[..columns.len()]);
        }
        let (num, den) = (i64::from(axis.num), i64::from(axis.den.max(1)));
        let (whole, part) = (num.div_euclid(den), num.rem_euclid(den));
        // Where a column reads, and the rest of its division, from column to column without one.
        let mut at = axis.source(columns.start);
        let mut rest = i64::from(columns.start) * num + i64::from(axis.add) - at * den;
        for out in out {
            *out = self.edge.resolve(at, width).map_or(T::default(), |at| source[(at - left) as usize]);
            (at, rest) = (at + whole, rest + part);
            if rest >= den {
                (at, rest) = (at + 1, rest - den);
            }
        }
    }
}
