//! Measurements of the solver and of training.

pub mod knapsack;
mod profile;
mod train;

pub use profile::profile;
pub use train::{TrainBenchError, TrainRow, train};
