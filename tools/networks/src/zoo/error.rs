use thiserror::Error;

use super::ARCHITECTURES;
use crate::graph::GraphError;

/// Why there is no network.
#[derive(Debug, Error)]
pub enum ZooError {
    /// No architecture has this name.
    #[error("no built-in network is named {0:?}: there are {names}", names = names())]
    Unknown(String),
    /// An option is outside its range.
    #[error("{0}")]
    Option(String),
    /// The sizes do not fit the architecture.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

fn names() -> String {
    ARCHITECTURES.map(|architecture| architecture.name).join(", ")
}
