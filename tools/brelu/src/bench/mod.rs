//! Measurements: kernels, steps of the protocol, whole inferences. Everything in one run is measured side by side, so
//! that ratios mean something on a noisy machine.

mod channel;
mod kernels;
mod network;
pub mod session;
mod steps;
mod timing;

pub use channel::{ChannelRow, channel};
pub use kernels::{KernelRow, kernels};
pub use network::{NetworkRow, network};
pub use steps::{ActivationRow, PrimitiveRow, activation, primitives};

use brelu_core::plan::PlanError;
use brelu_host::error::SessionError;
use brelu_host::weights::WeightsError;
use brelu_kernels::ring::KernelError;

use brelu_networks::graph::{GraphError, RunError};

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A kernel refuses its map.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// A plan is not valid.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Weights do not fit their plan.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A session failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The float network cannot be run.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The float network was given a wrong input.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The plaintext engine refuses the network.
    #[error("the plaintext engine cannot run this network: {0}")]
    Engine(String),
}
