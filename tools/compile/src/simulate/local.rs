//! Operations without exchange, on integers or floats.

use brelu_core::geometry::Shape;
use brelu_core::plan::{Axis, Edge};

pub(super) fn add(left: &[u32], right: &[u32], subtract: bool) -> Vec<u32> {
    let pairs = left.iter().zip(right);
    match subtract {
        true => pairs.map(|(left, right)| left.wrapping_sub(*right)).collect(),
        false => pairs.map(|(left, right)| left.wrapping_add(*right)).collect(),
    }
}

/// Adds one constant a channel.
pub(super) fn offset(values: &mut [u32], constants: &[i32], shape: Shape) {
    for (plane, constant) in values.chunks_mut(shape.plane()).zip(constants) {
        plane.iter_mut().for_each(|value| *value = value.wrapping_add(*constant as u32));
    }
}

/// Windows of a pooling operation; they may stick out of the map.
pub(crate) struct Windows {
    pub(crate) kernel: [u16; 2],
    pub(crate) stride: [u16; 2],
    pub(crate) pads: [u16; 2],
}

impl Windows {
    /// The rows (axis 0) or columns (axis 1) of a map of `size` that window `index` covers.
    fn covers(&self, axis: usize, index: u32, size: u32) -> std::ops::Range<usize> {
        let start = i64::from(index) * i64::from(self.stride[axis]) - i64::from(self.pads[axis]);
        let end = start + i64::from(self.kernel[axis]);
        let within = |at: i64| at.clamp(0, i64::from(size)) as usize;
        within(start)..within(end)
    }

    /// The sum of every window.
    pub(crate) fn sums<T: Copy + Default>(
        &self,
        x: &[T],
        from: Shape,
        to: Shape,
        add: impl Fn(T, T) -> T,
    ) -> Vec<T> {
        let line = from.width as usize;
        let rows: Vec<_> = (0..to.height).map(|row| self.covers(0, row, from.height)).collect();
        let columns: Vec<_> = (0..to.width).map(|column| self.covers(1, column, from.width)).collect();
        let mut out = Vec::with_capacity(to.len());
        for plane in x.chunks(from.plane()) {
            for rows in &rows {
                out.extend(columns.iter().map(|columns| {
                    let parts = rows.clone().flat_map(|row| &plane[row * line..][columns.clone()]);
                    parts.fold(T::default(), |sum, value| add(sum, *value))
                }));
            }
        }
        out
    }
}

/// The elements that `axes` pick.
pub(crate) fn view<T: Copy + Default>(
    x: &[T],
    from: Shape,
    to: Shape,
    axes: &[Axis; 3],
    edge: Edge,
) -> Vec<T> {
    let sources = |axis: usize, len: u32, size: u32| -> Vec<Option<usize>> {
        (0..len).map(|i| edge.resolve(axes[axis].source(i), size).map(|at| at as usize)).collect()
    };
    let rows = sources(1, to.height, from.height);
    let columns = sources(2, to.width, from.width);
    let mut out = Vec::with_capacity(to.len());
    for channel in sources(0, to.channels, from.channels) {
        for row in &rows {
            let line =
                channel.zip(*row).map(|(channel, row)| channel * from.plane() + row * from.width as usize);
            let element =
                |column: &Option<usize>| line.zip(*column).map_or(T::default(), |(line, at)| x[line + at]);
            out.extend(columns.iter().map(element));
        }
    }
    out
}
