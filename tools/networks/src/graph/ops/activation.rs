use super::{Operator, Tensor};
use crate::activation::Functions;
use brelu_core::geometry::Shape;

/// [`Op::Activation`](super::Op::Activation).
pub(crate) struct Activate<'a>(pub(crate) &'a Functions);

impl Operator for Activate<'_> {
    fn description(&self) -> Option<String> {
        Some(match self.0.relu_bound() {
            Some(f32::INFINITY) => "relu".into(),
            Some(max) => format!("ReLU up to {max}"),
            None if !self.0.are_piecewise() => "smooth function".into(),
            None => {
                let knots = self.0.iter().map(|function| function.knotted().knots().len()).max().unwrap_or(0);
                format!("function of {knots} {}", if knots == 1 { "knot" } else { "knots" })
            }
        })
    }

    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match self.0.fit(inputs[0].channels as usize) {
            true => Ok(inputs[0]),
            false => Err(format!("it has not one function for each of {} channels", inputs[0].channels)),
        }
    }

    fn run(&self, inputs: &[Tensor<'_>], to: Shape, _: &mut Vec<f32>, out: &mut [f32]) {
        let x = inputs[0].values;
        if let Some(max) = self.0.relu_bound() {
            out.iter_mut().zip(x).for_each(|(out, x)| *out = x.max(0.0).min(max));
            return;
        }
        let planes = out.chunks_exact_mut(to.plane()).zip(x.chunks_exact(to.plane()));
        for (channel, (out, x)) in planes.enumerate() {
            let function = self.0.get(channel);
            out.iter_mut().zip(x).for_each(|(out, x)| *out = function.of(*x));
        }
    }
}
