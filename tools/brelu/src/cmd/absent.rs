//! What stands in the place of commands that this build does without.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Result, bail};
use brelu_networks::zoo::Network;
use clap::Args;

use super::evaluate::FloatArgs;

const HOW: &str = "this brelu was built without what optimises networks: install it with \
                   `cargo install --path tools/brelu --features optimise`";

/// Whatever is given to a command that is not there.
#[derive(Debug, Args)]
#[command(after_help = HOW)]
pub(crate) struct Absent {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Absent {
    pub(crate) fn run(&self) -> Result<()> {
        bail!(HOW)
    }
}

pub(crate) type BenchKnapsack = Absent;
pub(crate) type BenchProfile = Absent;
pub(crate) type BenchTrain = Absent;
pub(crate) type ConvertSpec = Absent;
pub(crate) type Distort = Absent;
pub(crate) type Knapsack = Absent;
pub(crate) type Merge = Absent;
pub(crate) type Report = Absent;
pub(crate) type Tasks = Absent;
pub(crate) type Train = Absent;

/// For `brelu new --weights`.
pub(crate) fn load(_: &mut Network, _: &Path) -> Result<Vec<String>> {
    bail!(HOW)
}

/// For `brelu evaluate --float`.
pub(crate) fn evaluate(_: FloatArgs<'_>) -> Result<()> {
    bail!(HOW)
}
