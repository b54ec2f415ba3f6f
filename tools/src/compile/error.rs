use brelu_core::plan::PlanError;
use brelu_host::kernel::KernelError;
use brelu_host::weights::WeightsError;
use thiserror::Error;

use crate::graph::{GraphError, RunError};

/// Why a network cannot be compiled.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// A node that no plan can express.
    #[error("node \"{node}\": {problem}")]
    Node {
        /// Name of the node.
        node: String,
        /// What is wrong with it, and what to change.
        problem: String,
    },
    /// The calibration images are missing or do not fit the network.
    #[error("calibration: {0}")]
    Calibration(String),
    /// The block sizes do not fit the network.
    #[error("block sizes of layer \"{layer}\": {problem}")]
    Spec {
        /// Name of the activation layer.
        layer: String,
        /// What is wrong with them, and what to change.
        problem: String,
    },
    /// An option is out of range.
    #[error("{0}")]
    Option(String),
    /// The compiled network does something else than the float one.
    #[error("{0}")]
    NotClose(String),
    /// The network itself is inconsistent.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The network cannot be computed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A linear map is beyond the kernels.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The result breaks a rule of plans.
    #[error("the network has no valid plan: {0}")]
    Plan(#[from] PlanError),
    /// The integers do not fit the plan.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

impl CompileError {
    pub(super) fn node(node: &str, problem: impl Into<String>) -> Self {
        Self::Node { node: node.into(), problem: problem.into() }
    }
}
