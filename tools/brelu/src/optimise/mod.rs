//! What only the commands need that make networks cheaper.

pub mod bench;
mod compare;
pub mod tasks;

pub use compare::{BlockScores, Candidate, Truth, compare};
