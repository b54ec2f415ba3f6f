use super::{Op, Operator, Tensor, check_finite};
use brelu_core::geometry::Shape;

/// [`Op::Affine`].
pub(crate) struct Affine<'a> {
    pub(crate) scale: &'a [f32],
    pub(crate) shift: &'a [f32],
}

impl Operator for Affine<'_> {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        check_finite([self.scale, self.shift])?;
        let channels = inputs[0].channels as usize;
        match [self.scale.len(), self.shift.len()] == [channels; 2] {
            true => Ok(inputs[0]),
            false => Err(format!(
                "has {} factors and {} summands for {channels} channels",
                self.scale.len(),
                self.shift.len()
            )),
        }
    }

    fn run(&self, inputs: &[Tensor<'_>], to: Shape, _: &mut Vec<f32>, out: &mut [f32]) {
        let planes = out.chunks_exact_mut(to.plane()).zip(inputs[0].values.chunks_exact(to.plane()));
        for ((out, x), (scale, shift)) in planes.zip(self.scale.iter().zip(self.shift)) {
            for (out, x) in out.iter_mut().zip(x) {
                *out = scale * x + shift;
            }
        }
    }

    fn affine(&self) -> Option<[Vec<f32>; 2]> {
        Some([self.scale.to_vec(), self.shift.to_vec()])
    }

    fn then_affine(&self, scale: &[f32], shift: &[f32]) -> Option<Op> {
        Some(Op::Affine {
            scale: self.scale.iter().zip(scale).map(|(first, a)| a * first).collect(),
            shift: moved(self.shift, scale, shift),
        })
    }
}

/// `scale * values + shift`.
pub(super) fn moved(values: &[f32], scale: &[f32], shift: &[f32]) -> Vec<f32> {
    values.iter().zip(scale.iter().zip(shift)).map(|(value, (a, b))| a * value + b).collect()
}
