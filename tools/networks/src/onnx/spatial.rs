//! Kernel, stride, dilation and padding, as convolution and pooling spell them.

use super::call::Call;
use super::error::Problem;
use super::space::Space;
use brelu_core::geometry::Shape;

/// The window attributes of a two-dimensional operation.
#[derive(Clone, Copy)]
pub(super) struct Spatial {
    pub(super) kernel: [u16; 2],
    pub(super) stride: [u16; 2],
    pub(super) dilation: [u16; 2],
    pub(super) pads: [u16; 4],
}

impl Spatial {
    /// Reads the attributes for a kernel on an input of shape `x`; `auto_pad` becomes pads.
    pub(super) fn read(call: &Call, space: &Space, kernel: [u16; 2], x: Shape) -> Problem<Self> {
        let [stride, dilation] = [space.values(call, "strides", 1)?, space.values(call, "dilations", 1)?];
        if stride.contains(&0) || dilation.contains(&0) || kernel.contains(&0) {
            return Err("a kernel size, stride or dilation is zero".into());
        }
        let spatial = Self { kernel, stride, dilation, pads: [0; 4] };
        let pads = match call.text("auto_pad", "NOTSET")? {
            "NOTSET" | "" => space.pads(call)?,
            "VALID" => [0; 4],
            "SAME_UPPER" => spatial.same(x, false)?,
            "SAME_LOWER" => spatial.same(x, true)?,
            other => return Err(format!("attribute auto_pad = {other:?} is not known")),
        };
        Ok(Self { pads, ..spatial })
    }

    /// Pads for `ceil(size / stride)` outputs; the odd one goes to the end, or to the start if `lower`.
    fn same(&self, x: Shape, lower: bool) -> Problem<[u16; 4]> {
        let mut pads = [0; 4];
        for (axis, size) in [x.height, x.width].into_iter().enumerate() {
            let (size, stride) = (u64::from(size), u64::from(self.stride[axis]));
            let extent = u64::from(self.dilation[axis]) * (u64::from(self.kernel[axis]) - 1) + 1;
            let reach = (size.div_ceil(stride).saturating_sub(1)) * stride + extent;
            if size > reach + 1 {
                return Err(format!(
                    "attribute auto_pad with strides {:?} that pass over elements at the end: runtimes begin at different \
                     elements, export the model with pads",
                    self.stride
                ));
            }
            let total = reach.saturating_sub(size);
            let (small, large) = (total / 2, total - total / 2);
            let [before, after] = if lower { [large, small] } else { [small, large] };
            for (slot, pad) in [(axis, before), (axis + 2, after)] {
                pads[slot] = u16::try_from(pad).map_err(|_| "attribute auto_pad needs too many pads")?;
            }
        }
        Ok(pads)
    }
}
