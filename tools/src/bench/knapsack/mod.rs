//! The knapsack solver on problems of the paper's sizes with generated distortions.

mod networks;
mod solve;
mod values;

pub use networks::{NETWORKS, layers};
pub use solve::{KnapsackRow, solve};
pub use values::{generated_table, with_windows};
