use thiserror::Error;

use super::FormatError;
use super::solver::SolverError;
use crate::distortion::TableError;

/// Why block sizes cannot be chosen.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum KnapsackError {
    /// The table is not one.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A layer has no format.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The costs or distortions are out of range.
    #[error("the table cannot be solved: {0}")]
    Solver(#[from] SolverError),
    /// A pattern of layers that fits none.
    #[error("no activation layer of {network} is called {pattern}: its layers are {layers}")]
    Pattern {
        /// Name of the network.
        network: String,
        /// What was given.
        pattern: String,
        /// The first names.
        layers: String,
    },
    /// A budget in another unit.
    #[error("a budget in {given} does not go with costs in {wanted}: give it in {wanted} or in percent")]
    Unit {
        /// What was given.
        given: &'static str,
        /// What costs are counted in.
        wanted: &'static str,
    },
    /// A spec whose sizes cannot be chosen here.
    #[error("the spec to start from does not fit: {0}")]
    Start(String),
    /// A budget that nothing fits.
    #[error(
        "the cheapest choice costs {least}, more than the budget of {budget}: raise the budget or allow more sizes"
    )]
    Budget {
        /// What is possible.
        least: String,
        /// What was given.
        budget: String,
    },
    /// No distortions of narrow windows.
    #[error(
        "layer {0} of the table has no distortions of comparison windows: make the table with them, or leave the windows \
         to `brelu compile`"
    )]
    NoWindows(String),
    /// Impossible distortions of windows.
    #[error(
        "layer {0} of the table has distortions of comparison windows that are no numbers: make the table again"
    )]
    Windows(String),
    /// Windows that cost nothing.
    #[error("windows cost no DReLUs, so there is nothing to choose: count costs in bytes or seconds")]
    FreeWindows,
}
