use super::super::shape;
use super::{Operator, Tensor};
use brelu_core::geometry::Shape;
use brelu_core::local::{Local, Permutation};

/// [`Op::Permute`](super::Op::Permute): where elements go, and the shape of the result.
pub(crate) struct Permute<'a> {
    pub(crate) permutation: &'a Permutation,
    pub(crate) shape: Shape,
}

impl Operator for Permute<'_> {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        shape::check(self.shape)?;
        let elements = inputs[0].len();
        match self.shape.len() == elements && self.permutation.is_of(elements as u64) {
            true => Ok(self.shape),
            false => Err(format!(
                "cannot permute {elements} elements of axes {:?} into {}",
                self.permutation.dims(),
                shape::text(self.shape)
            )),
        }
    }

    fn run(&self, inputs: &[Tensor<'_>], to: Shape, _: &mut Vec<f32>, out: &mut [f32]) {
        let local = Local::Permute { input: 0usize, permutation: self.permutation.clone() };
        local.planes(to, 0, out, |input| (inputs[input].shape, inputs[input].values));
    }

    fn is_identity(&self, inputs: &[Shape]) -> bool {
        self.permutation.is_identity() && self.shape == inputs[0]
    }
}
