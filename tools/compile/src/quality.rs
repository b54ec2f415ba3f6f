//! How close a compiled network comes to the float one, and what that does to its answers.
//!
//! An error is the root mean square, over the values of one picture, of the difference between fixed-point and float
//! outputs, relative to the spread of the float outputs: how far the values of a channel are, in a picture like most,
//! from what they usually are. Outputs that are alike in all pictures and places have no spread to hide errors in, and
//! one picture with large outputs neither makes the spread larger nor its error smaller than that of others.
//!
//! A decision is the largest channel of one pixel of the output (a classifier makes one an image), or the sign of a
//! single channel. One that differs on a few pictures is chance; so the share that is to be expected is estimated from
//! how far ahead decisions are and how far errors move them, over all pairs of one and the other.

use serde::Serialize;

use brelu_core::geometry::Shape;

use super::calibrate::WITHIN;

/// Fixed-point outputs against float outputs, on calibration images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quality {
    /// Decisions compared.
    pub decisions: u64,
    /// Decisions that differ.
    pub different: u64,
    /// The share of decisions that differ as a rule, given how clear decisions are and how far errors move them.
    pub expected_different: f32,
    /// The error of the median picture, relative to the spread of the outputs.
    pub error: f32,
    /// The error that 98 % of the pictures stay within: of 64, one may be like no other.
    pub most: f32,
    /// The error of the picture with the largest.
    pub worst: f32,
}

/// Decisions of one picture that enter [`Quality::expected_different`], at most.
const SAMPLED: usize = 512;

/// An output of the float network and what stands in its place.
pub(super) type Pair<'a> = (&'a [f32], Vec<f32>);

/// Outputs that are less than this apart, relative to the largest, differ by how floats were added up.
const ROUNDING: f64 = 1e-6;

/// Leads that the exponential distribution counts as.
const SMOOTH: f64 = 512.0;

/// What errors are relative to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reference {
    shape: Shape,
    pub(super) spread: f64,
}

impl Reference {
    /// Of float outputs of `shape`.
    pub(super) fn of(outputs: &[Vec<f32>], shape: Shape) -> Self {
        Self { shape, spread: spread(outputs, shape) }
    }

    /// Compares pairs of outputs: the float one and the fixed-point one, in the same unit.
    pub(super) fn compare(&self, pairs: &[Pair<'_>]) -> Comparison {
        let mut comparison = Comparison::default();
        for (want, got) in pairs {
            let square = |(want, got): (&f32, &f32)| (f64::from(*want) - f64::from(*got)).powi(2);
            let mean = want.iter().zip(got).map(square).sum::<f64>() / want.len().max(1) as f64;
            let relative = if mean == 0.0 { 0.0 } else { mean.sqrt() / self.spread };
            comparison.errors.push(relative);
            comparison.decide(want, got, self.shape);
        }
        comparison
    }
}

/// What comparisons of pictures gave.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparison {
    /// The error of every picture.
    pub(super) errors: Vec<f64>,
    decisions: u64,
    different: u64,
    /// How far decisions are ahead of their nearest rival.
    leads: Vec<f64>,
    /// What errors add to that.
    shifts: Vec<f64>,
}

impl Comparison {
    fn decide(&mut self, want: &[f32], got: &[f32], shape: Shape) {
        let plane = shape.plane();
        let step = plane.div_ceil(SAMPLED).max(1);
        for pixel in 0..plane {
            let column =
                |values: &[f32]| values.iter().skip(pixel).step_by(plane).copied().collect::<Vec<_>>();
            let (want, got) = (column(want), column(got));
            let Some((lead, after)) = leads(&want, &got) else { continue };
            self.decisions += 1;
            self.different += u64::from(after < 0.0);
            if pixel % step == 0 {
                self.leads.push(lead);
                self.shifts.push(after - lead);
            }
        }
    }

    /// The share of decisions that differ as a rule if errors are `times` as large: that of leads behind an error, over all
    /// pairs. Hardly any of a few dozen leads is small enough to be counted, so that small ones are taken for the beginning
    /// of an exponential distribution with the median of all, unless there are thousands.
    pub(super) fn different_at(&self, times: f64) -> f64 {
        let mut leads = self.leads.clone();
        leads.sort_by(f64::total_cmp);
        let mean = (median(leads.clone()) / std::f64::consts::LN_2).max(f64::MIN_POSITIVE);
        let count = leads.len() as f64;
        let overtaken = |shift: &f64| {
            let error = -times * shift;
            let counted = leads.partition_point(|lead| *lead < error) as f64;
            let expected = 1.0 - (-error.max(0.0) / mean).exp();
            (counted + SMOOTH * expected) / (count + SMOOTH)
        };
        self.shifts.iter().map(overtaken).sum::<f64>() / count.max(1.0)
    }

    pub(super) fn quality(&self) -> Quality {
        Quality {
            decisions: self.decisions,
            different: self.different,
            expected_different: self.different_at(1.0) as f32,
            error: median(self.errors.clone()) as f32,
            most: most(self.errors.clone()) as f32,
            worst: self.errors.iter().copied().fold(0.0, f64::max) as f32,
        }
    }
}

/// How far the first of the float values is ahead of its nearest rival, and how far the same one is ahead in fixed point;
/// of a single value, how far it is from zero on the same side.
fn leads(want: &[f32], got: &[f32]) -> Option<(f64, f64)> {
    if let ([want], [got]) = (want, got) {
        let side = if *want > 0.0 { 1.0 } else { -1.0 };
        return Some((f64::from(want.abs()), side * f64::from(*got)));
    }
    let first = (1..want.len()).fold(0, |best, at| if want[at] > want[best] { at } else { best });
    let ahead = |values: &[f32]| {
        let others = values.iter().enumerate().filter(|(at, _)| *at != first).map(|(_, value)| *value);
        f64::from(values[first]) - f64::from(others.fold(f32::NEG_INFINITY, f32::max))
    };
    (want.len() > 1).then(|| (ahead(want), ahead(got)))
}

/// How far the values of a channel are from what they usually are, in the median picture; where that is nowhere (but for rounding of floats), how far
/// channels are from their mean, and if there is but one value at all, its magnitude.
fn spread(outputs: &[Vec<f32>], shape: Shape) -> f64 {
    let plane = shape.plane().max(1);
    let means = |output: &Vec<f32>| -> Vec<f64> { output.chunks(plane).map(mean).collect() };
    let means: Vec<Vec<f64>> = outputs.iter().map(means).collect();
    let usual = |channel: usize| median(means.iter().map(|means| means[channel]).collect());
    let usual: Vec<f64> = (0..shape.channels as usize).map(usual).collect();
    let around = |output: &Vec<f32>| root_mean_square(output, |at| usual[at / plane]);
    let spread = median(outputs.iter().map(around).collect());
    let largest = outputs.iter().flatten().fold(0.0, |most: f32, value| most.max(value.abs()));
    if spread > ROUNDING * f64::from(largest) {
        return spread;
    }
    let only = outputs.first().map_or(&[][..], Vec::as_slice);
    let centre = if only.len() > 1 { mean(only) } else { 0.0 };
    root_mean_square(only, |_| centre)
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len().max(1) as f64
}

fn root_mean_square(values: &[f32], centre: impl Fn(usize) -> f64) -> f64 {
    let squares = values.iter().enumerate().map(|(at, value)| (f64::from(*value) - centre(at)).powi(2));
    (squares.sum::<f64>() / values.len().max(1) as f64).sqrt()
}

/// What [`WITHIN`] of the values stay within; zero of none.
fn most(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let count = (f64::from(WITHIN) * values.len() as f64).ceil() as usize;
    values.get(count.max(1) - 1).copied().unwrap_or(0.0)
}

/// The middle value, or the mean of the two in the middle; zero of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = |at: usize| values.get(at).copied().unwrap_or(0.0);
    (middle(values.len().saturating_sub(1) / 2) + middle(values.len() / 2)) / 2.0
}
