use std::path::PathBuf;

use thiserror::Error;

use crate::pickle::PickleError;
use brelu_networks::blocks::SpecError;

/// Why block sizes of the reference implementation cannot be used.
#[derive(Debug, Error)]
pub enum ReferenceError {
    /// The file cannot be read.
    #[error("cannot read the block sizes {}: {problem}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The file is no pickle of data.
    #[error("the block sizes cannot be read: {0}")]
    Pickle(#[from] PickleError),
    /// The pickle is no dictionary of arrays.
    #[error("the block sizes are no dictionary of arrays by layer: {0}")]
    Root(String),
    /// A layer has something else than block sizes.
    #[error("the block sizes of layer {layer} cannot be used: {problem}")]
    Layer {
        /// Its name in the file.
        layer: String,
        /// What is wrong.
        problem: String,
    },
    /// A layer of another network.
    #[error("the block sizes name the layer {layer}, {network} has none: they are of another network")]
    Unknown {
        /// Its name in the file.
        layer: String,
        /// Name of the network.
        network: String,
    },
    /// The sizes do not fit the network.
    #[error(transparent)]
    Misfit(#[from] SpecError),
}
