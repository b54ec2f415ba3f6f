use brelu_networks::activation::fit::{FEWEST, MOST};
use serde::Serialize;

use super::super::CompileError;

/// How many knots smooth functions get: as many as the outputs ask for, unless one of these says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FitOptions {
    /// At most so many, whatever comes of it: 2 to 16.
    pub knots: Option<usize>,
    /// As few as have at most this root mean square error, relative to the deviation of the layer's outputs.
    pub error: Option<f32>,
}

impl FitOptions {
    pub(super) fn check(&self) -> Result<(), CompileError> {
        if let Some(knots) = self.knots.filter(|knots| !(FEWEST..=MOST).contains(knots)) {
            return Err(CompileError::Option(format!("{knots} knots are not between {FEWEST} and {MOST}")));
        }
        match self.error.filter(|error| error.is_nan() || *error <= 0.0) {
            Some(error) => Err(CompileError::Option(format!("the error {error} of fits is not positive"))),
            None => Ok(()),
        }
    }
}

/// What became of the smooth functions of one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitReport {
    /// The activation.
    pub name: String,
    /// Its knots, where channels differ the most.
    pub knots: usize,
    /// The largest error for any input.
    pub largest: f32,
    /// The mean error for the inputs that calibration saw.
    pub mean: f32,
    /// The root mean square error for these, relative to the deviation of the outputs.
    pub relative: f32,
}
