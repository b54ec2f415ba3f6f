//! Piecewise-linear functions close to smooth ones, where their inputs are.
//!
//! Of a function `f` and a [`Density`] of inputs, [`fit`] makes a continuous function of a given number of knots with a small
//! mean squared error. Below its first knot and above its last it is the line that `f` approaches there, so that no input
//! whatever is far off. Three steps:
//!
//! 1. `places`: knots at points of a grid, by dynamic programming over chords of `f`;
//! 2. `polygon`: values at the knots by weighted least squares, and knots moved as long as that lowers the error;
//! 3. `whole`: slopes that are multiples of one number, as plans have them, and knots where the lines of neighbours meet.

mod density;
mod grid;
mod places;
mod polygon;
#[cfg(test)]
mod tests;
mod whole;

pub use density::Density;

use super::{Activation, Smooth};
use grid::Grid;
use whole::Lines;

/// Fewest and most knots of a fitted function: two asymptotes meet in one point only by chance.
pub const FEWEST: usize = 2;
pub use brelu_core::plan::MAX_KNOTS as MOST;

/// A number beyond all that networks compute.
const FAR: f64 = 500.0;

/// A fitted function and what it misses.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The function.
    pub activation: Activation,
    /// The largest error for any input.
    pub largest: f64,
    /// The mean error for inputs of the density.
    pub mean: f64,
    /// The root mean square error for inputs of the density, relative to the deviation of the outputs.
    pub relative: f64,
}

/// The function of at most `knots` knots, between [`FEWEST`] and [`MOST`], that is close to `function`.
pub fn fit(function: &Smooth, density: &Density, knots: usize) -> Fit {
    let grid = Grid::new(function, density);
    let vertices = polygon::refined(&grid, places::chosen(&grid, knots.clamp(FEWEST, MOST)));
    let activation = whole::best(&grid, &Lines::of(&grid, &vertices));
    measured(function, density, &grid, activation)
}

/// The function of the fewest knots, at least `from`, whose relative error is at most `error`; that of the most knots if none
/// is.
pub fn fit_within(function: &Smooth, density: &Density, error: f64, from: usize) -> Fit {
    let mut best = fit(function, density, from);
    for knots in from + 1..=MOST {
        if best.relative <= error {
            break;
        }
        let next = fit(function, density, knots);
        if next.relative < best.relative {
            best = next;
        }
    }
    best
}

fn measured(function: &Smooth, density: &Density, grid: &Grid, activation: Activation) -> Fit {
    let error = |z: f64| (function.exact(z) - f64::from(activation.of(z as f32))).abs();
    let everywhere = grid.points().iter().flat_map(|point| [point.z, point.z + grid.step() / 2.0]);
    let largest = everywhere.chain([-FAR, FAR]).map(error).fold(0.0, f64::max);
    let spread = density.deviation(|z| function.exact(z));
    let square = density.mean(|z| error(z).powi(2));
    let relative = if spread > 0.0 { square.sqrt() / spread } else { 0.0 };
    Fit { mean: density.mean(error), relative, largest, activation }
}
