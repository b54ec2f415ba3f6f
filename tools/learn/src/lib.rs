//! Networks on batches of images, with gradients.
//!
//! An [`Interpreter`](interpreter::Interpreter) runs a [`Graph`](brelu_networks::graph::Graph) on CPUs or a GPU, with any
//! way of computing its activations ([`interpreter::Activation`]): as they are, by blocks, with the errors of comparison
//! windows and of fixed point. [`training`] finetunes networks that decide by blocks, with the schedules of
//! [arXiv 2304.10442](https://arxiv.org/abs/2304.10442) as recipes.

#![forbid(unsafe_code)]

pub mod interpreter;
pub mod training;
