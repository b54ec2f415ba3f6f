use thiserror::Error;

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FigureError {
    /// A spec does not belong to the table.
    #[error("the spec {spec} is not for this table: {problem}")]
    Spec {
        /// Which.
        spec: String,
        /// What does not fit.
        problem: String,
    },
    /// The network is not the one that was measured.
    #[error("the network is not the one the table was measured on: {0}")]
    Network(String),
    /// The network could not be computed.
    #[error(transparent)]
    Run(#[from] brelu_networks::graph::RunError),
    /// A line of a front is wrong.
    #[error("line {line} of the front: {problem}")]
    Front {
        /// From 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A picture could not be made.
    #[error("a picture cannot be drawn: {0}")]
    Draw(String),
}
