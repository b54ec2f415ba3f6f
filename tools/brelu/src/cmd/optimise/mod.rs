//! Commands that make networks cheaper, and what else needs gradients, tables or charts.

mod bench;
mod check;
mod convert_spec;
mod distort;
mod float;
mod knapsack;
mod merge;
mod report;
mod samples;
mod tasks;
mod train;

use std::path::Path;

use anyhow::Result;
use brelu_networks::zoo::Network;

pub(crate) use bench::{BenchKnapsack, BenchProfile, BenchTrain};
pub(crate) use convert_spec::ConvertSpec;
pub(crate) use distort::Distort;
pub(crate) use float::evaluate;
pub(crate) use knapsack::Knapsack;
pub(crate) use merge::Merge;
pub(crate) use report::Report;
pub(crate) use tasks::Tasks;
pub(crate) use train::Train;

/// Fills a network with published weights; notes are for the user.
pub(crate) fn load(network: &mut Network, path: &Path) -> Result<Vec<String>> {
    Ok(brelu_checkpoints::load(network, path)?)
}
