//! brelu tools library.

pub mod bench;
pub mod compile;
pub mod data;
pub mod demo;
pub mod device;
pub mod evaluate;
pub mod graph;
pub mod net;
pub mod onnx;
pub mod report;
pub mod simulate;
pub mod trial;
pub mod zoo;
