//! Options of the commands that run networks on batches of images.

use clap::{Args, ValueEnum};

use super::arguments::{ImportArgs, positive};
use super::preprocess::PreprocessArgs;

/// Which images, and how they become input.
#[derive(Clone, Debug, Args)]
pub(crate) struct SampleArgs {
    /// Most images [default: all]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) count: Option<usize>,

    /// Images left out before the first
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) skip: usize,

    /// Take every N-th image [default: 1]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) step: Option<usize>,

    #[command(flatten)]
    pub(crate) import: ImportArgs,

    #[command(flatten)]
    pub(crate) preprocess: PreprocessArgs,
}

/// Where floats are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeviceName {
    /// All cores of this machine
    Cpu,
    /// The first NVIDIA GPU (needs a build with --features cuda)
    Cuda,
}
