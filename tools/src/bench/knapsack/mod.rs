//! The knapsack solver on problems of the paper's sizes with generated distortions.

mod networks;
mod values;

pub use networks::{NETWORKS, layers};
pub use values::generated_table;
