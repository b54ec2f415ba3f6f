//! The knapsack solver on problems of the paper's sizes with generated distortions.

mod networks;
mod solve;

pub use networks::{NETWORKS, layers};
pub use solve::{KnapsackRow, solve};
