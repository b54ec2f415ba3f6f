//! Which channels decide by blocks, for a budget.
//!
//! [`distortion`] measures how much the output changes when a channel's sign decisions are shared by blocks, for every
//! channel and block size; [`knapsack`] chooses the sizes of least distortion for a budget of bytes, sign decisions or
//! seconds, exactly (a multiple-choice knapsack, section 4.2 of [arXiv 2304.10442](https://arxiv.org/abs/2304.10442)).

#![forbid(unsafe_code)]

pub mod distortion;
pub mod generated;
pub mod knapsack;
