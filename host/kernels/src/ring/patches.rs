//! Columns of the matrix that a convolution multiplies, gathered where they are needed.

use std::ops::Range;

use brelu_core::geometry::{Conv2d, Shape};

/// One factor of a matrix product: rows of equal length, read a rectangle at a time.
pub(super) trait Rows: Sync {
    /// Copies elements `columns` of `rows` to the starts of rows of `width` elements in `to`, and fills the rest of
    /// these with zeros.
    fn read(&self, rows: Range<usize>, columns: Range<usize>, to: &mut [u32], width: usize);
}

/// How the patches of one group lie in its input planes.
///
/// Row `(c, ky, kx)` and column `(oy, ox)` of the matrix is the input pixel that weight `(c, ky, kx)` meets in output
/// pixel `(oy, ox)`, or 0 in the padding.
#[derive(Clone, Debug)]
pub(super) struct Patches {
    size: [usize; 2],
    /// For every row and every column of the kernel, the steps in which it meets pixels instead of padding.
    inside: [Vec<Range<usize>>; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    pad: [usize; 2],
    out_width: usize,
}

impl Patches {
    /// The patches of `geometry`, whose output shape is `output`.
    pub(super) fn new(geometry: &Conv2d, output: Shape) -> Self {
        let pixelwise =
            geometry.kernel == [1, 1] && geometry.stride == [1, 1] && geometry.pads == [0, 0, 0, 0];
        let (size, out_width) = if pixelwise {
            ([1, geometry.input.plane()], output.plane())
        } else {
            ([geometry.input.height as usize, geometry.input.width as usize], output.width as usize)
        };
        let mut patches = Self {
            size,
            inside: [Vec::new(), Vec::new()],
            stride: geometry.stride.map(usize::from),
            dilation: geometry.dilation.map(usize::from),
            pad: [usize::from(geometry.pads[0]), usize::from(geometry.pads[1])],
            out_width,
        };
        let inside = |axis| {
            let taps = 0..usize::from(geometry.kernel[axis]);
            taps.map(|tap| patches.steps_inside(axis, tap)).collect()
        };
        patches.inside = [inside(0), inside(1)];
        patches
    }

    /// The matrix of patches of `x`, the input planes of one group.
    pub(super) fn of<'a>(&'a self, x: &'a [u32]) -> PatchRows<'a> {
        PatchRows { patches: self, x }
    }

    fn steps_inside(&self, axis: usize, tap: usize) -> Range<usize> {
        let offset = tap * self.dilation[axis];
        let first = self.pad[axis].saturating_sub(offset).div_ceil(self.stride[axis]);
        let end = (self.size[axis] + self.pad[axis]).saturating_sub(offset).div_ceil(self.stride[axis]);
        first..end.max(first)
    }

    /// The pixel that kernel element `tap` meets at `step`, which is inside.
    fn pixel(&self, axis: usize, tap: usize, step: usize) -> usize {
        step * self.stride[axis] + tap * self.dilation[axis] - self.pad[axis]
    }
}

/// [`Patches`] of one group's input planes.
pub(super) struct PatchRows<'a> {
    patches: &'a Patches,
    x: &'a [u32],
}

impl<'a> PatchRows<'a> {
    /// What kernel element number `row` sees, counted through all input planes.
    fn tap(&self, row: usize) -> Tap<'a> {
        let [rows, columns] = [self.patches.inside[0].len(), self.patches.inside[1].len()];
        let (rest, kx) = (row / columns, row % columns);
        let (channel, ky) = (rest / rows, rest % rows);
        let mut tap = Tap { patches: self.patches, plane: &[], rest: self.x, ky, kx };
        tap.rest = &self.x[channel * tap.plane_len()..];
        tap.next_plane();
        tap
    }
}

impl Rows for PatchRows<'_> {
    fn read(&self, rows: Range<usize>, columns: Range<usize>, to: &mut [u32], width: usize) {
        let start = [columns.start / self.patches.out_width, columns.start % self.patches.out_width];
        let mut tap = self.tap(rows.start);
        for to in to.chunks_mut(width).take(rows.len()) {
            let (inside, rest) = to.split_at_mut(columns.len());
            tap.read_from(start, inside);
            clear(rest);
            tap.advance();
        }
    }
}

/// What one kernel element of one input plane sees.
struct Tap<'a> {
    patches: &'a Patches,
    plane: &'a [u32],
    /// The planes behind this one.
    rest: &'a [u32],
    ky: usize,
    kx: usize,
}

impl Tap<'_> {
    fn plane_len(&self) -> usize {
        self.patches.size[0] * self.patches.size[1]
    }

    fn next_plane(&mut self) {
        (self.plane, self.rest) = self.rest.split_at(self.plane_len().min(self.rest.len()));
    }

    /// Turns to the next kernel element.
    fn advance(&mut self) {
        self.kx += 1;
        if self.kx == self.patches.inside[1].len() {
            (self.kx, self.ky) = (0, self.ky + 1);
        }
        if self.ky == self.patches.inside[0].len() {
            self.ky = 0;
            self.next_plane();
        }
    }

    /// Reads pixels in the order of output pixels, from `[oy, ox]` on.
    fn read_from(&self, [mut oy, mut ox]: [usize; 2], mut to: &mut [u32]) {
        while !to.is_empty() {
            let (line, rest) = to.split_at_mut(to.len().min(self.patches.out_width - ox));
            self.read(oy, ox, line);
            (to, oy, ox) = (rest, oy + 1, 0);
        }
    }

    /// Reads pixels of one output row, from output column `ox` on.
    fn read(&self, oy: usize, ox: usize, to: &mut [u32]) {
        let end = ox + to.len();
        let inside = &self.patches.inside[1][self.kx];
        let first = inside.start.clamp(ox, end);
        let last = inside.end.clamp(first, end);
        if !self.patches.inside[0][self.ky].contains(&oy) || first == last {
            return clear(to);
        }
        let (left, rest) = to.split_at_mut(first - ox);
        let (middle, right) = rest.split_at_mut(last - first);
        clear(left);
        clear(right);
        let iy = self.patches.pixel(0, self.ky, oy);
        let line = &self.plane[iy * self.patches.size[1]..][..self.patches.size[1]];
        copy(&line[self.patches.pixel(1, self.kx, first)..], self.patches.stride[1], middle);
    }
}

/// Fills with zeros; most calls have nothing to fill.
pub(super) fn clear(to: &mut [u32]) {
    if !to.is_empty() {
        to.fill(0);
    }
}

/// Copies every `stride`-th element.
fn copy(from: &[u32], stride: usize, to: &mut [u32]) {
    if stride == 1 {
        to.copy_from_slice(&from[..to.len()]);
    } else {
        to.iter_mut().zip(from.iter().step_by(stride)).for_each(|(to, from)| *to = *from);
    }
}
