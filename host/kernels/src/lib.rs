//! What is fast because it is written for the processor at hand: the only crate with unsafe code.
//!
//! [`ring`] has linear maps over the integers mod 2^32, for server, dealer and client; [`panel`] the inner loop of
//! convolutions in floating point, for training. Every loop that names instructions has a portable twin that computes the
//! same, and a test that compares them. [`memory`] sets the allocator.

pub mod memory;
pub mod panel;
pub mod ring;
