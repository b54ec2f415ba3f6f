//! Batch normalisation with its running statistics: an affine map a channel.

use super::super::shape::text;
use super::{Affine, Operator, Tensor};
use brelu_core::geometry::Shape;

/// [`Op::BatchNorm`](super::Op::BatchNorm).
pub(crate) struct BatchNorm<'a> {
    pub(crate) scale: &'a [f32],
    pub(crate) shift: &'a [f32],
    pub(crate) mean: &'a [f32],
    pub(crate) variance: &'a [f32],
    pub(crate) epsilon: f32,
}

impl BatchNorm<'_> {
    /// What the channels are multiplied by.
    fn factors(&self) -> impl Iterator<Item = f64> + '_ {
        let epsilon = f64::from(self.epsilon);
        let factor =
            move |(gain, variance): (&f32, &f32)| f64::from(*gain) / (f64::from(*variance) + epsilon).sqrt();
        self.scale.iter().zip(self.variance).map(factor)
    }
}

impl Operator for BatchNorm<'_> {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let x = inputs[0];
        let lists = [
            ("scales", self.scale),
            ("shifts", self.shift),
            ("means", self.mean),
            ("variances", self.variance),
        ];
        for (what, values) in lists {
            if values.len() != x.channels as usize {
                return Err(format!("has {} {what} for an input of {}", values.len(), text(x)));
            }
            if let Some(channel) = values.iter().position(|value| !value.is_finite()) {
                return Err(format!("one of its {what} is {}, of channel {channel}", values[channel]));
            }
        }
        match self.factors().position(|factor| !(factor as f32).is_finite()) {
            Some(channel) => {
                Err(format!("the variance {} of channel {channel} is not positive", self.variance[channel]))
            }
            None => Ok(x),
        }
    }

    fn run(&self, inputs: &[Tensor<'_>], to: Shape, memory: &mut Vec<f32>, out: &mut [f32]) {
        let [scale, shift] = self.affine().unwrap_or_default();
        Affine { scale: &scale, shift: &shift }.run(inputs, to, memory, out);
    }

    fn affine(&self) -> Option<[Vec<f32>; 2]> {
        let moved = |((factor, shift), mean): ((f64, &f32), &f32)| {
            (f64::from(*shift) - f64::from(*mean) * factor) as f32
        };
        let shifts = self.factors().zip(self.shift).zip(self.mean).map(moved).collect();
        Some([self.factors().map(|factor| factor as f32).collect(), shifts])
    }
}
