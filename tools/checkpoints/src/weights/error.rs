use std::path::PathBuf;

use thiserror::Error;

use brelu_networks::graph::GraphError;

/// Why weights cannot be used.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file cannot be read.
    #[error("cannot read the weights {}: {problem}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Loading the file in Python would run something.
    #[error("the weights {} would run {call} if Python loaded them: nothing was run, do not trust the file", path.display())]
    Hostile {
        /// Where.
        path: PathBuf,
        /// What would run.
        call: String,
    },
    /// The file has tensors in no known arrangement.
    #[error("the weights hold no tensors: give a safetensors file or the state_dict of a PyTorch network")]
    Empty,
    /// Tensors that the network needs.
    #[error("the weights lack {}: they are of another network", some(.0))]
    Missing(Vec<String>),
    /// Tensors that the network does not have.
    #[error("the weights have {}, which the network does not: they are of another network", some(.0))]
    Surplus(Vec<String>),
    /// A tensor of another shape.
    #[error("the tensor {name} is {given:?}, the network needs {wanted:?}: {}", shape_advice(*scores, given))]
    Shape {
        /// Name of the tensor in the file.
        name: String,
        /// Its sizes.
        given: Vec<usize>,
        /// The network's.
        wanted: Vec<usize>,
        /// Whether it scores classes.
        scores: bool,
    },
    /// A tensor that cannot be used.
    #[error("the tensor {name} cannot be used: {problem}")]
    Tensor {
        /// Name of the tensor in the file.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// The values have no meaning.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// The first of some names, and how many there are.
fn some(names: &[String]) -> String {
    match names {
        [] => "nothing".into(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

fn shape_advice(scores: bool, given: &[usize]) -> String {
    match given.first() {
        Some(classes) if scores => format!("ask for a network of {classes} classes"),
        _ => "the weights are of another network".into(),
    }
}
