//! Convolution, group by group: directly, or as a matrix product over unfolded patches.

use super::super::{MAX_TENSOR_LEN, shape::text};
use super::affine::moved;
use super::{Op, Operator, Tensor, check_finite, direct, unfolded, widened};
use brelu_core::geometry::{Conv2d, Shape};

/// [`Op::Conv`].
pub(crate) struct Conv<'a> {
    pub(crate) geometry: &'a Conv2d,
    pub(crate) weights: &'a [f32],
    pub(crate) bias: &'a [f32],
}

impl Operator for Conv<'_> {
    fn description(&self) -> Option<String> {
        if self.geometry.input.plane() == 1 {
            return Some("dense".into());
        }
        let [height, width] = self.geometry.kernel;
        let mut text = format!("conv {height}x{width}");
        for (name, [rows, columns]) in
            [("stride", self.geometry.stride), ("dilation", self.geometry.dilation)]
        {
            if [rows, columns] != [1, 1] {
                text += &format!(" {name} {rows}x{columns}");
            }
        }
        if self.geometry.groups > 1 {
            text += &format!(" groups {}", self.geometry.groups);
        }
        Some(text)
    }

    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        check_finite([self.weights, self.bias])?;
        let (x, geometry) = (inputs[0], self.geometry);
        if geometry.input != x {
            return Err(format!("reads {} but is given {}", text(geometry.input), text(x)));
        }
        let padded = |size: u32, axis: usize| {
            u64::from(size) + u64::from(geometry.pads[axis]) + u64::from(geometry.pads[axis + 2])
        };
        let channels = u64::from(geometry.out_channels);
        if padded(x.height, 0) * padded(x.width, 1) > MAX_TENSOR_LEN || channels > MAX_TENSOR_LEN {
            return Err(format!("an input of {} with pads {:?} is too large", text(x), geometry.pads));
        }
        let out =
            geometry.output().ok_or_else(|| format!("the kernel does not fit an input of {}", text(x)))?;
        if channels.checked_mul(self.reads()) != Some(self.weights.len() as u64) {
            return Err(format!("has {} weights, not {channels} x {}", self.weights.len(), self.reads()));
        }
        match self.bias.len() as u64 == channels {
            true => Ok(out),
            false => Err(format!("has {} bias values, not {channels}", self.bias.len())),
        }
    }

    fn run(&self, inputs: &[Tensor<'_>], to: Shape, memory: &mut Vec<f32>, out: &mut [f32]) {
        let g = self.geometry;
        for (out, bias) in out.chunks_exact_mut(to.plane()).zip(self.bias) {
            out.fill(*bias);
        }
        let in_plane = g.group_inputs() as usize * g.input.plane();
        let outputs = (g.out_channels / g.groups) as usize;
        let groups = out.chunks_exact_mut(outputs * to.plane()).zip(inputs[0].values.chunks_exact(in_plane));
        for ((out, x), weights) in groups.zip(self.weights.chunks_exact(outputs * g.fan_in())) {
            if g.group_inputs() == 1 {
                direct::planes(g, to, weights, x, out);
            } else if to.plane() == 1 && g.fan_in() == in_plane && g.pads == [0; 4] {
                direct::dense(weights, x, out);
            } else {
                unfolded::product(g, [to.height as usize, to.width as usize], weights, x, memory, out);
            }
        }
    }

    fn reads(&self) -> u64 {
        self.geometry.fan_in() as u64
    }

    fn then_affine(&self, scale: &[f32], shift: &[f32]) -> Option<Op> {
        let rows = self.weights.chunks_exact(self.weights.len() / scale.len()).zip(scale);
        let weights = rows.flat_map(|(row, a)| row.iter().map(move |weight| a * weight)).collect();
        Some(Op::Conv { geometry: *self.geometry, weights, bias: moved(self.bias, scale, shift) })
    }

    fn after_padding(&self, from: Shape, extra: [u16; 4], _: bool) -> Option<Op> {
        let pads = widened(self.geometry.pads, extra)?;
        let geometry = Conv2d { input: from, pads, ..*self.geometry };
        Some(Op::Conv { geometry, weights: self.weights.to_vec(), bias: self.bias.to_vec() })
    }
}
