//! How close a compiled network comes to the float one.

use serde::Serialize;

use brelu_core::geometry::Shape;

/// Fixed-point outputs against float outputs, on calibration images. A decision is the largest channel of one pixel of
/// the output; a classifier makes one an image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// Decisions compared.
    pub decisions: u64,
    /// Decisions that differ.
    pub different: u64,
    /// Root mean square error of the outputs, relative to the standard deviation of the channels of a pixel.
    pub error: f32,
    /// The share of decisions that such an error would change, given how clear they are.
    pub expected_different: f32,
}

/// What a compiled network must reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Criterion {
    /// Largest [`Quality::error`].
    pub error: f32,
    /// Largest [`Quality::expected_different`].
    pub expected_different: f32,
    /// Largest share of decisions that differ; one decision may always.
    pub different: f32,
}

/// How much more than invisible noise a compiled network may change outputs.
const TIMES: f32 = 1.5;

impl Default for Criterion {
    /// Outputs within 2.5 % of their spread, and one decision in a hundred.
    fn default() -> Self {
        Self { error: 0.025, expected_different: 0.015, different: 0.01 }
    }
}

impl Criterion {
    /// The same, but nothing less than [`TIMES`] what `noise` does to the outputs that nobody sees in the input.
    pub(super) fn beside(&self, noise: &Quality) -> Self {
        let different = noise.different as f32 / noise.decisions.max(1) as f32;
        Self {
            error: self.error.max(TIMES * noise.error),
            expected_different: self.expected_different.max(TIMES * noise.expected_different),
            different: self.different.max(TIMES * different),
        }
    }

    /// Whether `quality` is good enough.
    pub fn accepts(&self, quality: &Quality) -> bool {
        let allowed = (f64::from(self.different) * quality.decisions as f64).max(1.0);
        quality.different as f64 <= allowed
            && quality.error <= self.error
            && quality.expected_different <= self.expected_different
    }

    /// Whether `quality`, measured on few images, is so bad that more images will not help.
    pub(super) fn is_hopeless(&self, quality: &Quality) -> bool {
        quality.error > 1.5 * self.error || quality.error.is_nan()
    }
}

impl Quality {
    /// Compares pairs of outputs of `shape`: the float one and the fixed-point one, in the same unit.
    pub(super) fn of(pairs: &[(&[f32], Vec<f32>)], shape: Shape) -> Self {
        let mut sums = Sums::default();
        for (want, got) in pairs {
            for pixel in 0..shape.plane() {
                let column = |values: &[f32]| -> Vec<f64> {
                    values.iter().skip(pixel).step_by(shape.plane()).map(|value| f64::from(*value)).collect()
                };
                sums.add(&column(want), &column(got));
            }
        }
        sums.quality()
    }
}

#[derive(Default)]
struct Sums {
    values: f64,
    error: f64,
    spread: f64,
    different: u64,
    /// How far the largest channel is ahead, for every decision.
    leads: Vec<f64>,
}

impl Sums {
    fn add(&mut self, want: &[f64], got: &[f64]) {
        // The spread of a single channel is its magnitude.
        let mean = if want.len() < 2 { 0.0 } else { want.iter().sum::<f64>() / want.len() as f64 };
        self.values += want.len() as f64;
        self.spread += want.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        self.error += want.iter().zip(got).map(|(want, got)| (want - got).powi(2)).sum::<f64>();
        self.different += u64::from(largest(want) != largest(got));
        let first = largest(want);
        let others = want.iter().enumerate().filter(|(index, _)| Some(*index) != first);
        let second = others.map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
        self.leads.push(first.map_or(f64::INFINITY, |first| want[first]) - second);
    }

    fn quality(&self) -> Quality {
        let error = (self.error / self.values).sqrt();
        let spread = (self.spread / self.values).sqrt();
        // Two independent errors of this size between the first and the second: a Gaussian tail's usual bound.
        let flips = |lead: &f64| 0.5 * (-(lead / (2.0 * error.max(f64::MIN_POSITIVE))).powi(2)).exp();
        let expected = self.leads.iter().map(flips).sum::<f64>() / self.leads.len().max(1) as f64;
        let relative = if error == 0.0 { 0.0 } else { error / spread };
        Quality {
            decisions: self.leads.len() as u64,
            different: self.different,
            error: relative as f32,
            expected_different: expected as f32,
        }
    }
}

/// The first of the largest values.
fn largest(values: &[f64]) -> Option<usize> {
    let mut best = None;
    for (index, value) in values.iter().enumerate() {
        if best.is_none_or(|best: usize| *value > values[best]) {
            best = Some(index);
        }
    }
    best
}
