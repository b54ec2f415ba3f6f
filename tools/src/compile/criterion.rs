//! What a compiled network has to reach, and which format is taken.

use serde::Serialize;

use super::CompileError;
use super::quality::Quality;

/// What answers and outputs have to be like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Criterion {
    /// A search takes the cheapest format that keeps this share of the answers; without it the knee of the front: that of
    /// the least bytes, each hundredth of the answers that differs counted [`WORTH`] of them.
    pub agreement: Option<f32>,
    /// The largest error of the median picture of a searched format, relative to the spread of the outputs.
    pub error: f32,
    /// Outputs with errors up to this, of the median picture, are close enough whatever happens to answers and to other
    /// pictures. Without it they are if they meet [`Criterion::accepts`].
    pub accept_error: Option<f32>,
    /// What changes of the input that nobody sees do to the float network.
    pub noise: Quality,
}

/// What a hundredth of the answers is worth, in parts of the bytes.
pub const WORTH: f64 = 0.25;

/// How much more than invisible changes of the input a compiled network may change outputs.
const TIMES: f32 = 1.5;

/// Errors of the median and of the worst picture beyond which outputs are not close.
const MEDIAN: f32 = 0.1;
const WORST: f32 = 1.0;

/// The share of answers that may differ, and the error below which they may as well: they were not clear.
const DIFFERENT: f32 = 0.05;
const UNCLEAR: f32 = 0.01;

/// How far the error of a simulated format may be above the one that was looked for.
const MISSED: f32 = 1.1;

impl Default for Criterion {
    /// The knee, with outputs within 5 % of their spread.
    fn default() -> Self {
        Self { agreement: None, error: 0.05, accept_error: None, noise: Quality::default() }
    }
}

impl Criterion {
    /// The same for a network of which invisible changes of the input make `noise`.
    pub(super) fn beside(self, noise: Quality) -> Self {
        Self { noise, ..self }
    }

    /// The largest error of the median picture of a searched format.
    pub(super) fn largest_error(&self) -> f32 {
        self.error.max(TIMES * self.noise.error)
    }

    /// The share of answers that may differ, if it is given.
    pub(super) fn most_different(&self) -> Option<f32> {
        Some((1.0 - self.agreement?).max(TIMES * self.noise.expected_different))
    }

    /// Whether outputs are close to the float network's: the median picture within a tenth of their spread, the worst within
    /// all of it, and one answer in twenty different unless errors are too small to matter, or what is allowed instead.
    pub fn accepts(&self, quality: &Quality) -> bool {
        if let Some(limit) = self.accept_error {
            return quality.error <= limit;
        }
        let different = self.most_different().unwrap_or(0.0).max(DIFFERENT);
        let beside = |limit: f32, noise: f32| limit.max(TIMES * noise);
        quality.error <= beside(MEDIAN.max(self.error), self.noise.error)
            && quality.worst <= beside(WORST, self.noise.worst)
            && (quality.error <= UNCLEAR
                || quality.expected_different <= beside(different, self.noise.expected_different))
    }

    /// Whether the chosen format of a search, or the given one, does what was asked for.
    pub(super) fn check(&self, quality: &Quality, searched: bool) -> Result<(), CompileError> {
        let missed = searched && self.accept_error.is_none() && quality.error > MISSED * self.largest_error();
        if self.accepts(quality) && !missed {
            return Ok(());
        }
        let Quality { decisions, different, error, worst, .. } = *quality;
        let hint = match searched {
            true => "another --margin or --tolerance, or more calibration images",
            false => "wider --bits and --window, or none to have them chosen",
        };
        Err(CompileError::NotClose(format!(
            "the outputs are not close to the float network's: the median picture is off by {:.2} % of their spread, the \
             worst by {:.1} %, and {different} of {decisions} answers differ on the calibration images: give {hint}; \
             --accept-error {:.4} takes it as it is",
            error * 100.0,
            worst * 100.0,
            (error * 10_000.0).ceil() / 10_000.0
        )))
    }
}
