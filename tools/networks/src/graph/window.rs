use brelu_core::geometry::Shape;

/// The window of a pooling operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Rows and columns.
    pub kernel: [u16; 2],
    /// Vertical and horizontal step.
    pub stride: [u16; 2],
    /// Vertical and horizontal distance of window elements.
    pub dilation: [u16; 2],
    /// Rows and columns around the input: top, left, bottom, right. Smaller than the window's extent.
    pub pads: [u16; 4],
    /// Whether a last window that sticks out of the padded input counts, as long as it starts before the end of the
    /// input.
    pub ceil: bool,
}

impl Window {
    /// A window with step 1, no dilation and no pads.
    pub const fn new(kernel: [u16; 2]) -> Self {
        Self { kernel, stride: [1; 2], dilation: [1; 2], pads: [0; 4], ceil: false }
    }

    /// Rows (axis 0) or columns (axis 1) from the first to the last element of the window, both included.
    pub fn extent(&self, axis: usize) -> u64 {
        u64::from(self.dilation[axis]) * u64::from(self.kernel[axis].saturating_sub(1)) + 1
    }

    /// Output rows (axis 0) or columns (axis 1) for `size` input ones, or `None` if the window is empty, does not
    /// move, does not fit, is not larger than its pads, or has gaps larger than the input. So every window covers some
    /// element of the input.
    pub fn output(&self, size: u32, axis: usize) -> Option<u32> {
        let (kernel, stride, dilation) = (self.kernel[axis], self.stride[axis], self.dilation[axis]);
        let (before, after) = (u64::from(self.pads[axis]), u64::from(self.pads[axis + 2]));
        let extent = self.extent(axis);
        let gaps = kernel > 1 && u32::from(dilation) > size;
        if kernel == 0 || stride == 0 || dilation == 0 || gaps || before >= extent || after >= extent {
            return None;
        }
        let (size, stride) = (u64::from(size), u64::from(stride));
        let room = (size + before + after).checked_sub(extent)?;
        let steps = if self.ceil { room.div_ceil(stride) } else { room / stride };
        let starts_inside = steps * stride < size + before;
        u32::try_from(if starts_inside { steps + 1 } else { steps }).ok()
    }

    /// The same windows on planes of `from` without `ceil`: rows and columns by which the last ones stick out become pads
    /// at the bottom and right. `None` if the window does not fit.
    pub fn without_ceil(&self, from: Shape) -> Option<Self> {
        let mut pads = self.pads;
        for (axis, size) in [from.height, from.width].into_iter().enumerate() {
            let steps = u64::from(self.output(size, axis)?.checked_sub(1)?);
            let reach = steps * u64::from(self.stride[axis]) + self.extent(axis);
            let out = reach.saturating_sub(u64::from(size) + u64::from(pads[axis]));
            pads[axis + 2] = pads[axis + 2].max(u16::try_from(out).ok()?);
        }
        Some(Self { pads, ceil: false, ..*self })
    }

    /// The positions on an input axis of `size` that the window at output position `i` covers, in order.
    pub fn taps(&self, i: u32, size: u32, axis: usize) -> impl Iterator<Item = usize> + use<> {
        let start = i64::from(i) * i64::from(self.stride[axis]) - i64::from(self.pads[axis]);
        let dilation = i64::from(self.dilation[axis]);
        (0..i64::from(self.kernel[axis]))
            .map(move |k| start + k * dilation)
            .filter(move |at| (0..i64::from(size)).contains(at))
            .filter_map(|at| usize::try_from(at).ok())
    }

    /// How many rows, and how many columns, of the windows at every output position count in a mean: those inside the map,
    /// or those inside the map with its pads.
    pub fn counts(&self, from: Shape, to: Shape, with_pads: bool) -> [Vec<usize>; 2] {
        [(0, from.height, to.height), (1, from.width, to.width)].map(|(axis, size, len)| {
            let count = |i| match with_pads {
                true => self.padded_taps(i, size, axis),
                false => self.taps(i, size, axis).count(),
            };
            (0..len).map(count).collect()
        })
    }

    /// How many elements of the window at output position `i` lie on an axis of `size` with its pads.
    pub fn padded_taps(&self, i: u32, size: u32, axis: usize) -> usize {
        let start = u64::from(i) * u64::from(self.stride[axis]);
        let end = u64::from(size) + u64::from(self.pads[axis]) + u64::from(self.pads[axis + 2]);
        let dilation = u64::from(self.dilation[axis]);
        (0..u64::from(self.kernel[axis])).filter(|k| start + k * dilation < end).count()
    }
}
