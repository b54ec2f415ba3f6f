//! Multiple-choice knapsack: exactly one block size a channel, least distortion, cost within a budget (arXiv 2304.10442,
//! section 4.2).

pub mod solver;
