//! Multiple-choice knapsack: exactly one block size a channel, least distortion, cost within a budget (arXiv 2304.10442,
//! section 4.2).
//!
//! [`Problem`] is a table of distortions with costs ([`CostModel`]) and [`Constraints`]; it answers with a [`Solution`] for
//! a budget, or with the [`Front`] of all budgets. [`solver`] beneath knows classes of choices only.

mod among;
mod baseline;
mod budget;
mod constraints;
mod cost;
mod error;
mod front;
mod problem;
#[cfg(feature = "measure")]
mod refine;
pub mod solver;
mod spec;
mod summary;
#[cfg(test)]
mod tests;
mod windows;

pub use budget::{Budget, Unit};
pub use constraints::Constraints;
pub use cost::{
    CostModel, FormatError, Formats, Link, Phase, Profile, ProfileError, Shares, Timing, Work, describe,
    traffic, work,
};
pub use error::KnapsackError;
pub use front::{Front, FrontRow};
pub use problem::{Problem, Solution};
#[cfg(feature = "measure")]
pub use refine::{Exchange, Refined};
pub use summary::LayerRow;
