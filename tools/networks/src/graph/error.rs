use thiserror::Error;

/// A node that does not fit its inputs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("node \"{node}\": {problem}")]
pub struct GraphError {
    /// Name of the node.
    pub node: String,
    /// What is wrong with it.
    pub problem: String,
}

impl GraphError {
    pub(crate) fn new(node: &str, problem: impl Into<String>) -> Self {
        Self { node: node.into(), problem: problem.into() }
    }
}
