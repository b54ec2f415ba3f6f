//! A small network and pictures for it, for a demonstration on a machine that has neither.
//!
//! The convolutions have random weights; only the last layer is fitted, by least squares, to pictures made here. That
//! is enough to tell coloured shapes apart, and takes a second.

mod fit;
mod images;
mod network;

#[cfg(test)]
pub(crate) use fit::least_squares;
pub use images::{CLASSES, SIDE, picture, pixels};
pub use network::{DemoError, network, network_of};
