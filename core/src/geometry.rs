//! Shapes of tensors and of the linear maps between them. Everything here is public.

use serde::{Deserialize, Serialize};

/// A tensor of `channels` planes of `height` x `width`, stored plane by plane, row by row.
///
/// Fully connected layers use planes of one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Number of planes.
    pub channels: u32,
    /// Rows of a plane.
    pub height: u32,
    /// Pixels of a row.
    pub width: u32,
}

impl Shape {
    /// The shape `channels` x `height` x `width`.
    pub const fn new(channels: u32, height: u32, width: u32) -> Self {
        Self { channels, height, width }
    }

    /// Pixels of one plane. Shapes of a checked plan never overflow here.
    pub const fn plane(&self) -> usize {
        self.height as usize * self.width as usize
    }

    /// Elements of the whole tensor.
    pub const fn len(&self) -> usize {
        self.channels as usize * self.plane()
    }

    /// Whether the tensor has no element.
    pub const fn is_empty(&self) -> bool {
        self.channels == 0 || self.height == 0 || self.width == 0
    }

    /// The same elements as planes of one pixel (what ONNX calls Flatten).
    pub const fn flat(&self) -> Self {
        Self::new(self.channels * self.height * self.width, 1, 1)
    }
}

/// Geometry of a two-dimensional cross-correlation with groups, stride, dilation and asymmetric zero padding.
///
/// Weights are stored `[out_channels][input.channels / groups][kernel rows][kernel columns]`, as in ONNX. A fully
/// connected layer is a 1x1 kernel on a shape with planes of one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Conv2d {
    /// Shape of the input, without padding.
    pub input: Shape,
    /// Number of output planes.
    pub out_channels: u32,
    /// Groups: output plane `o` sees the input planes of group `o / (out_channels / groups)`.
    pub groups: u32,
    /// Rows and columns of the kernel.
    pub kernel: [u16; 2],
    /// Vertical and horizontal step.
    pub stride: [u16; 2],
    /// Vertical and horizontal distance of kernel elements.
    pub dilation: [u16; 2],
    /// Zero rows and columns around the input: top, left, bottom, right.
    pub pads: [u16; 4],
}

impl Conv2d {
    /// A fully connected layer from `inputs` to `outputs`.
    pub const fn dense(inputs: u32, outputs: u32) -> Self {
        Self {
            input: Shape::new(inputs, 1, 1),
            out_channels: outputs,
            groups: 1,
            kernel: [1, 1],
            stride: [1, 1],
            dilation: [1, 1],
            pads: [0; 4],
        }
    }

    /// A convolution of one group with a square kernel, stepping and padded alike in all directions.
    pub const fn square(input: Shape, out_channels: u32, kernel: u16, stride: u16, pad: u16) -> Self {
        Self {
            input,
            out_channels,
            groups: 1,
            kernel: [kernel; 2],
            stride: [stride; 2],
            dilation: [1; 2],
            pads: [pad; 4],
        }
    }

    /// Shape of the output, or `None` if the geometry is impossible (empty kernel, zero stride, groups that do not
    /// divide, a kernel larger than the padded input, sizes beyond 2^31).
    pub fn output(&self) -> Option<Shape> {
        let groups_fit = self.groups > 0
            && self.out_channels > 0
            && self.input.channels.is_multiple_of(self.groups)
            && self.out_channels.is_multiple_of(self.groups);
        if self.input.is_empty() || !groups_fit {
            return None;
        }
        let height = self.extent(self.input.height, 0)?;
        let width = self.extent(self.input.width, 1)?;
        let plane = u64::from(height) * u64::from(width);
        let fits = plane.checked_mul(u64::from(self.out_channels)).is_some_and(|len| len < 1 << 31);
        fits.then_some(Shape::new(self.out_channels, height, width))
    }

    fn extent(&self, size: u32, axis: usize) -> Option<u32> {
        let (kernel, stride, dilation) = (self.kernel[axis], self.stride[axis], self.dilation[axis]);
        if kernel == 0 || stride == 0 || dilation == 0 {
            return None;
        }
        let padded = u64::from(size) + u64::from(self.pads[axis]) + u64::from(self.pads[axis + 2]);
        let reach = u64::from(dilation) * u64::from(kernel - 1) + 1;
        let steps = padded.checked_sub(reach)? / u64::from(stride) + 1;
        u32::try_from(steps).ok()
    }

    /// Input planes one output plane sees.
    pub const fn group_inputs(&self) -> u32 {
        self.input.channels / self.groups
    }

    /// Weights of one output plane.
    pub const fn fan_in(&self) -> usize {
        self.group_inputs() as usize * self.kernel[0] as usize * self.kernel[1] as usize
    }

    /// Weights of the whole map.
    pub const fn weight_len(&self) -> usize {
        self.out_channels as usize * self.fan_in()
    }
}
