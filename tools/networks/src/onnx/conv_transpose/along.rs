//! One axis of a ConvTranspose.

use super::super::call::Call;
use super::super::error::Problem;
use super::super::space::Space;
use crate::graph::Axis;

/// Rows or columns: the sizes, and the first output and their number, counted from where the first tap of the first element
/// is.
pub(super) struct Along {
    size: u64,
    kernel: u64,
    stride: u64,
    dilation: u64,
    first: u64,
    len: u64,
}

/// Rows and columns of a map of `sizes`.
pub(super) fn axes(call: &Call, space: &Space, kernel: [u16; 2], sizes: [u32; 2]) -> Problem<[Along; 2]> {
    let strides = space.values(call, "strides", 1)?;
    let dilations = space.values(call, "dilations", 1)?;
    let padding = space.values(call, "output_padding", 0)?;
    if strides.contains(&0) || dilations.contains(&0) || kernel.contains(&0) {
        return Err("a kernel size, stride or dilation is zero".into());
    }
    let mode = call.text("auto_pad", "NOTSET")?;
    let pads = match mode {
        "NOTSET" | "" => space.pads(call)?,
        "VALID" | "SAME_UPPER" | "SAME_LOWER" => [0; 4],
        other => return Err(format!("attribute auto_pad = {other:?} is not known")),
    };
    let wanted = wanted(call, space)?;
    let axis = |at: usize| {
        let mut axis = Along {
            size: sizes[at].into(),
            kernel: kernel[at].into(),
            stride: strides[at].into(),
            dilation: dilations[at].into(),
            first: 0,
            len: 0,
        };
        let whole = (axis.size - 1) * axis.stride + axis.reach() + 1 + u64::from(padding[at]);
        let same = mode.starts_with("SAME").then_some(axis.size * axis.stride);
        (axis.first, axis.len) = match wanted.map(|sizes| sizes[at]).or(same) {
            Some(len) => {
                let total = whole.saturating_sub(len);
                let first = if mode == "SAME_UPPER" { total / 2 } else { total - total / 2 };
                (first, if wanted.is_some() { len } else { whole - total })
            }
            None => (pads[at].into(), whole.saturating_sub(u64::from(pads[at]) + u64::from(pads[at + 2]))),
        };
        match axis.len {
            0 => Err("its pads leave nothing of the output".to_string()),
            _ => Ok(axis),
        }
    };
    Ok([axis(0)?, axis(1)?])
}

/// Rows and columns that the output shall have, if the file says so; batch and channels may stand before them.
fn wanted(call: &Call, space: &Space) -> Problem<Option<[u64; 2]>> {
    let Some(given) = call.ints("output_shape").filter(|given| !given.is_empty()) else { return Ok(None) };
    let sizes = given.iter().map(|size| u32::try_from(*size).ok().filter(|size| *size > 0));
    let sizes = sizes.collect::<Option<Vec<u32>>>();
    let wrong = || format!("attribute output_shape = {given:?} is no size of the output");
    let sizes = sizes.ok_or_else(wrong)?;
    let behind = sizes.len().checked_sub(space.count()).filter(|before| [0, 2].contains(before));
    Ok(Some(space.pair(&sizes[behind.ok_or_else(wrong)?..], 1).map(u64::from)))
}

impl Along {
    /// Distance of the first and the last tap.
    fn reach(&self) -> u64 {
        (self.kernel - 1) * self.dilation
    }

    pub(super) fn kernel(&self) -> usize {
        self.kernel as usize
    }

    pub(super) fn stride(&self) -> usize {
        self.stride as usize
    }

    /// Distance of the elements that a place in a cell is made of: with cells of one place, that of the taps.
    pub(super) fn step(&self) -> u16 {
        if self.stride == 1 { self.dilation as u16 } else { 1 }
    }

    /// Taps of the convolution.
    pub(super) fn taps(&self) -> Problem<u16> {
        let taps = self.reach() / self.stride / u64::from(self.step()) + 1;
        u16::try_from(taps).map_err(|_| format!("a kernel of {taps} is too large"))
    }

    /// The place in its cell that a tap reaches, and its position in the kernel, which is read backwards.
    pub(super) fn place(&self, tap: usize) -> (usize, usize) {
        let at = tap as u64 * self.dilation;
        let from_end = (self.reach() / self.stride - at / self.stride) / u64::from(self.step());
        ((at % self.stride) as usize, from_end as usize)
    }

    /// The first cell that is made.
    fn first_cell(&self) -> u64 {
        (self.first / self.stride).min(self.reach() / self.stride)
    }

    /// Zeros before and after the elements for the cells that are made: from the first one to that of the last output, or of
    /// the last element.
    pub(super) fn pad(&self) -> Problem<[u16; 2]> {
        let before = self.reach() / self.stride - self.first_cell();
        let after = (self.first + self.len).div_ceil(self.stride).saturating_sub(self.size);
        let pad = |zeros: u64| {
            u16::try_from(zeros).map_err(|_| format!("{zeros} rows or columns of zeros are too many"))
        };
        Ok([pad(before)?, pad(after)?])
    }

    /// The outputs among the places of the cells.
    pub(super) fn kept(&self) -> Axis {
        Axis::slice(self.len as u32, (self.first - self.first_cell() * self.stride) as i64, 1)
    }
}
