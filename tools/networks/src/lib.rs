//! Networks, before anything about them is private.
//!
//! A [`Graph`](graph::Graph) is a list of operators in order of computation with float weights. It comes from an ONNX file
//! ([`onnx::import_file`]), or is one of the published architectures ([`zoo::network`]), and goes back to ONNX
//! ([`onnx::export_file`]). [`graph::simplify`] folds and merges what computes the same; [`graph::Executor`] runs it on one
//! image. [`blocks`] says which pixels of an activation share one sign decision, per channel, as
//! [arXiv 2304.10442](https://arxiv.org/abs/2304.10442) has it.
//!
//! ```
//! use brelu_networks::{graph, zoo};
//!
//! let network = zoo::build("resnet8")?;
//! let image = vec![0.5; network.input_shape().len()];
//! let scores = graph::run(&network, &image)?;
//! assert_eq!(scores.len(), 10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod activation;
pub mod blocks;
pub mod file;
pub mod graph;
pub mod numbers;
pub mod onnx;
pub mod zoo;
