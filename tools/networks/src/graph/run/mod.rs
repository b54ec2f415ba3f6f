//! The float executor.

mod executor;
mod scratch;

pub use executor::{Executor, RunError};
pub use scratch::Scratch;

use super::{Graph, Node, NodeId};

/// Computes the output of a graph on one image. `input` holds the elements of [`Graph::input_shape`], plane by plane.
///
/// # Errors
/// If the input has another length or the graph is inconsistent.
pub fn run(graph: &Graph, input: &[f32]) -> Result<Vec<f32>, RunError> {
    Executor::new(graph)?.run(input)
}

/// As [`run`], and shows the caller the tensor of every node in order.
///
/// # Errors
/// As [`run`].
pub fn run_observed(
    graph: &Graph,
    input: &[f32],
    observer: &mut impl FnMut(NodeId, &Node, &[f32]),
) -> Result<Vec<f32>, RunError> {
    Executor::new(graph)?.run_with(input, &mut Scratch::default(), observer)
}

#[cfg(test)]
mod tests;
