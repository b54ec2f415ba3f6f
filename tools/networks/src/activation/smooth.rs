//! Functions that are not piecewise linear.

mod elementary;
mod known;
mod line;
mod program;
#[cfg(test)]
mod tests;

pub use elementary::Elementary;
pub use line::Line;
pub use program::{Operand, Program, Step};

use super::Activation;
use super::fit::{self, Density};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A function of one number that is not piecewise linear: a short program of elementary steps, computed in double precision.
#[derive(Clone)]
pub struct Smooth(Arc<Inner>);

struct Inner {
    steps: Vec<Step>,
    ends: Option<[Line; 2]>,
    knotted: OnceLock<Activation>,
}

/// Knots of [`Smooth::knotted`].
const KNOTS: usize = 10;

/// Deviation of the numbers that [`Smooth::knotted`] is fitted to.
const DEVIATION: f64 = 2.0;

/// Where questions of all numbers are asked: at so many places on either side, closer to each other near zero, up to the
/// farthest.
const PLACES: i32 = 512;
const FARTHEST: f64 = 64.0;

/// Slopes beyond this are jumps.
const STEEPEST: f64 = 1000.0;

impl Smooth {
    fn of_steps(steps: Vec<Step>) -> Self {
        let ends = line::ends(|z| value(&steps, z)).filter(|_| is_continuous(|z| value(&steps, z)));
        Self(Arc::new(Inner { steps, ends, knotted: OnceLock::new() }))
    }

    /// The steps of its program, of which the last gives its value.
    pub fn steps(&self) -> &[Step] {
        &self.0.steps
    }

    /// The function of one number.
    pub fn of(&self, z: f32) -> f32 {
        self.exact(f64::from(z)) as f32
    }

    /// The same in double precision.
    pub fn exact(&self, z: f64) -> f64 {
        value(&self.0.steps, z)
    }

    /// The slope at a number, to about nine digits; at a kink the mean of both sides.
    pub fn derivative(&self, z: f32) -> f32 {
        let (z, step) = (f64::from(z), 1e-5 * f64::from(z.abs()).max(1.0));
        ((self.exact(z + step) - self.exact(z - step)) / (2.0 * step)) as f32
    }

    /// The lines that it approaches below and above all numbers; nothing if it does not, or if it jumps or has a pole as far as
    /// a thousand inputs show.
    pub fn ends(&self) -> Option<[Line; 2]> {
        self.0.ends
    }

    /// Whether larger inputs never give smaller outputs, as far as a thousand of them show.
    pub fn is_monotone(&self) -> bool {
        let values: Vec<f64> = places().map(|z| self.exact(z)).collect();
        values.windows(2).all(|pair| pair[0] <= pair[1])
    }

    /// The least and the largest output, as far as a thousand inputs show; infinite where there is none.
    pub fn bounds(&self) -> [f32; 2] {
        let values = places().map(|z| self.exact(z) as f32);
        let [least, most] = values.fold([f32::INFINITY, f32::NEG_INFINITY], |[least, most], value| {
            [least.min(value), most.max(value)]
        });
        match self.ends() {
            None => [f32::NEG_INFINITY, f32::INFINITY],
            Some([below, above]) => {
                let falls = [-below.slope, above.slope];
                let limits = [below, above].map(|line| line.offset as f32);
                let open = |sign: f64| falls.iter().any(|slope| sign * slope > 0.0);
                let flat =
                    || limits.iter().zip(falls).filter(|(_, slope)| *slope == 0.0).map(|(limit, _)| *limit);
                [
                    if open(-1.0) { f32::NEG_INFINITY } else { flat().fold(least, f32::min) },
                    if open(1.0) { f32::INFINITY } else { flat().fold(most, f32::max) },
                ]
            }
        }
    }

    /// The function by ten knots, for whoever decides about it where nothing is known about its inputs: they are taken for
    /// normal with mean 0 and deviation 2.
    pub fn knotted(&self) -> &Activation {
        self.0.knotted.get_or_init(|| fit::fit(self, &Density::normal(0.0, DEVIATION), KNOTS).activation)
    }
}

/// The value of the last of some steps.
fn value(steps: &[Step], z: f64) -> f64 {
    let mut values = [0.0; program::MAX_STEPS + 1];
    values[0] = z;
    for (at, step) in steps.iter().enumerate() {
        values[at + 1] = step.value(|operand| values[operand.0]);
    }
    values[steps.len()]
}

/// Whether neighbouring places have neighbouring values.
fn is_continuous(function: impl Fn(f64) -> f64) -> bool {
    let points: Vec<[f64; 2]> = places().map(|z| [z, function(z)]).collect();
    points.windows(2).all(|pair| (pair[1][1] - pair[0][1]).abs() <= STEEPEST * (pair[1][0] - pair[0][0]))
}

fn places() -> impl Iterator<Item = f64> {
    (-PLACES..=PLACES).map(|at| {
        let part = f64::from(at) / f64::from(PLACES);
        part * part.abs() * FARTHEST
    })
}

impl PartialEq for Smooth {
    fn eq(&self, other: &Self) -> bool {
        self.steps() == other.steps()
    }
}

impl fmt::Debug for Smooth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Smooth").field(&self.0.steps).finish()
    }
}
