//! What others publish beside a network, read as data: nothing that a file says is run.
//!
//! [`load`] fills a built-in network ([`brelu_networks::zoo`]) with the tensors of a safetensors file or a PyTorch
//! checkpoint; [`spec::read`] reads the block sizes that the reference implementation of
//! [arXiv 2304.10442](https://arxiv.org/abs/2304.10442) pickles. [`pickle`] is Python's format as far as that takes.
//!
//! This is a crate of its own so that a server, which holds secrets, does without it.

#![forbid(unsafe_code)]

pub mod pickle;
pub mod spec;
mod weights;

pub use weights::{WeightsError, load};
