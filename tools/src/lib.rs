//! brelu tools library.

pub mod bench;
pub mod blocks;
pub mod compile;
pub mod data;
pub mod demo;
pub mod device;
pub mod distortion;
pub mod evaluate;
#[cfg(feature = "figures")]
pub mod figures;
mod file;
pub mod graph;
#[cfg(feature = "gradients")]
pub mod interpreter;
pub mod knapsack;
pub mod net;
pub mod onnx;
pub mod pickle;
pub mod report;
pub mod segmentation;
pub mod simulate;
pub mod tasks;
#[cfg(feature = "gradients")]
pub mod training;
pub mod trial;
pub mod zoo;
