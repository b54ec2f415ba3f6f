//! Batch normalisation with its running statistics: an affine map a channel.

use super::{Op, shape};
use brelu_core::geometry::Shape;

impl Op {
    /// Factor and summand of every channel, if this is a map of that kind: [`Op::Affine`], or [`Op::BatchNorm`] with its
    /// running statistics (computed in `f64`).
    pub fn affine(&self) -> Option<[Vec<f32>; 2]> {
        match self {
            Self::Affine { scale, shift } => Some([scale.clone(), shift.clone()]),
            Self::BatchNorm { scale, shift, mean, variance, epsilon } => {
                let factors = || scale.iter().zip(variance).map(|(gain, var)| factor(*gain, *var, *epsilon));
                let moved = |((factor, shift), mean): ((f64, &f32), &f32)| {
                    (f64::from(*shift) - f64::from(*mean) * factor) as f32
                };
                let shifts = factors().zip(shift).zip(mean).map(moved).collect();
                Some([factors().map(|factor| factor as f32).collect(), shifts])
            }
            _ => None,
        }
    }
}

fn factor(gain: f32, variance: f32, epsilon: f32) -> f64 {
    f64::from(gain) / (f64::from(variance) + f64::from(epsilon)).sqrt()
}

/// The shape of a batch normalisation of `x`, unless its parameters do not fit or have no meaning.
pub(super) fn output(op: &Op, x: Shape) -> Result<Shape, String> {
    let Op::BatchNorm { scale, shift, mean, variance, epsilon } = op else { return Ok(x) };
    let lists = [("scales", scale), ("shifts", shift), ("means", mean), ("variances", variance)];
    for (what, values) in lists {
        if values.len() != x.channels as usize {
            return Err(format!("has {} {what} for an input of {}", values.len(), shape::text(x)));
        }
        if let Some(channel) = values.iter().position(|value| !value.is_finite()) {
            return Err(format!("one of its {what} is {}, of channel {channel}", values[channel]));
        }
    }
    let possible = |(gain, variance): (&f32, &f32)| (factor(*gain, *variance, *epsilon) as f32).is_finite();
    match scale.iter().zip(variance).position(|values| !possible(values)) {
        Some(channel) => {
            Err(format!("the variance {} of channel {channel} is not positive", variance[channel]))
        }
        None => Ok(x),
    }
}
