//! What a compiled network has to reach, and which format is taken.

use serde::Serialize;

use super::CompileError;
use super::quality::Quality;

/// What answers and outputs have to be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Criterion {
    /// A search takes the cheapest format that keeps this share of the answers, with errors up to [`LOOSE`].
    pub agreement: Option<f32>,
    /// The error that the median picture of a searched format may have, relative to the spread of the outputs. Without it and
    /// `agreement` it is [`CLOSE`], or [`FLOOR`] times the error of the finest format if that is more, and less where more
    /// than [`UNSURE`] of the answers would differ. An error is much the same whichever pictures it is measured on, and so
    /// are the bytes of a format that is chosen by it; how many answers it changes depends on the few that are not clear.
    pub error: Option<f32>,
    /// Outputs with errors up to this, of the median picture, are close enough whatever happens to answers and to other
    /// pictures. Without it they are if they meet [`Criterion::accepts`].
    pub accept_error: Option<f32>,
    /// What changes of the input that nobody sees do to the float network.
    pub noise: Quality,
}

/// The error of the median picture that is looked for.
pub const CLOSE: f32 = 0.025;

/// The share of answers beyond which a finer format is looked for.
pub const UNSURE: f32 = 0.04;

/// Times the error of the finest format, which cannot be had.
pub const FLOOR: f32 = 1.5;

/// The error that a search for a share of the answers may go up to.
pub const LOOSE: f32 = 0.05;

/// How much more than invisible changes of the input a compiled network may change outputs.
const TIMES: f32 = 1.5;

/// Errors of the median picture, and of the worst but for one in fifty, beyond which outputs are not close.
const MEDIAN: f32 = 0.1;
const WORST: f32 = 1.0;

/// The share of answers that may differ, and the error below which they may as well: they were not clear.
const DIFFERENT: f32 = 0.05;
const UNCLEAR: f32 = 0.01;

/// How far the error of a simulated format may be above the one that was looked for.
const MISSED: f32 = 1.1;

impl Criterion {
    /// The same for a network of which invisible changes of the input make `noise`.
    pub(super) fn beside(self, noise: Quality) -> Self {
        Self { noise, ..self }
    }

    /// The largest error of the median picture of a searched format, where the finest one has error `finest`.
    pub(super) fn largest_error(&self, finest: f32) -> f32 {
        let least = if self.agreement.is_some() { LOOSE } else { CLOSE.max(FLOOR * finest) };
        self.error.unwrap_or(least).max(TIMES * self.noise.error)
    }

    /// The share of answers that a searched format should not change more than.
    pub(super) fn most_different(&self) -> f32 {
        self.agreement.map_or(UNSURE, |agreement| 1.0 - agreement).max(TIMES * self.noise.expected_different)
    }

    /// Whether outputs are close to the float network's: the median picture within a tenth of their spread, all but one in
    /// fifty within all of it, and one answer in twenty different unless errors are too small to matter, or what is allowed instead.
    pub fn accepts(&self, quality: &Quality) -> bool {
        if let Some(limit) = self.accept_error {
            return quality.error <= limit;
        }
        let different = self.most_different().max(DIFFERENT);
        let beside = |limit: f32, noise: f32| limit.max(TIMES * noise);
        quality.error <= beside(MEDIAN.max(self.error.unwrap_or(0.0)), self.noise.error)
            && quality.most <= beside(WORST, self.noise.most)
            && (quality.error <= UNCLEAR
                || quality.expected_different <= beside(different, self.noise.expected_different))
    }

    /// Whether the chosen format of a search, or the given one, does what was asked for.
    pub(super) fn check(&self, quality: &Quality, searched: bool) -> Result<(), CompileError> {
        let asked = self.error.filter(|_| searched && self.accept_error.is_none());
        let missed = asked.is_some_and(|error| quality.error > MISSED * error.max(TIMES * self.noise.error));
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
