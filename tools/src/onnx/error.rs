use crate::graph::GraphError;
use thiserror::Error;

/// Why a network could not be imported: one sentence that says where and, where that helps, what to change.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The bytes are no protocol buffer of an ONNX model.
    #[error("this is not an ONNX model, or it is damaged: {0}")]
    Decode(#[from] prost::DecodeError),
    /// The model as a whole does not fit.
    #[error("{0}")]
    Model(String),
    /// A constant is damaged or of an unsupported kind.
    #[error("tensor \"{name}\": {problem}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// An operation is damaged or not supported.
    #[error("node \"{node}\" ({operator}): {problem}")]
    Node {
        /// Its name, or the name of its output if it has none.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong, naming the attribute or input.
        problem: String,
    },
    /// Several operations are not supported.
    #[error("{count} nodes are in the way: {groups}{advice}")]
    Nodes {
        /// How many.
        count: usize,
        /// Their names and what is wrong, operator by operator.
        groups: String,
        /// What to do.
        advice: String,
    },
    /// The network is inconsistent.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl ImportError {
    pub(super) fn model(problem: impl Into<String>) -> Self {
        Self::Model(problem.into())
    }
}

/// What is wrong with a node, before the node is named.
pub(super) type Problem<T> = Result<T, String>;
