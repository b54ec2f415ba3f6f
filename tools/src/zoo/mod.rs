//! Networks that need no file: published architectures with generated weights, for measuring what they cost.
//!
//! Their outputs mean nothing; shapes, layers and traffic are those of the trained networks.

mod resnet50;
mod weights;

use crate::graph::{Graph, GraphError};

/// How a network pools after its first layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stem {
    /// Average pooling, as the paper's variants have it.
    Average,
    /// Maximum pooling, as published.
    Maximum,
}

/// Names of the networks [`build`] knows.
pub const NAMES: [&str; 2] = ["resnet50", "resnet50-maxpool"];

/// The network of that name with weights from `seed`, or `None` if there is none.
///
/// # Errors
/// Never for the names in [`NAMES`]; the graph checks itself all the same.
pub fn build(name: &str, seed: u64) -> Option<Result<Graph, GraphError>> {
    match name {
        "resnet50" => Some(resnet50::build(Stem::Average, seed)),
        "resnet50-maxpool" => Some(resnet50::build(Stem::Maximum, seed)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Op;

    #[test]
    fn resnet50_has_the_published_counts() {
        let graph = build("resnet50", 1).unwrap().unwrap();
        let relus = graph.nodes.iter().filter(|node| node.op == Op::Relu);
        assert_eq!(relus.clone().count(), 49);
        assert_eq!(relus.map(|node| node.shape.len()).sum::<usize>(), 9_608_704);
        let weights = |op: &Op| if let Op::Conv { geometry, .. } = op { geometry.weight_len() } else { 0 };
        // 25,557,032 published parameters less 26,560 scales and as many shifts of batch norms, and the 1,000 biases.
        assert_eq!(
            graph.nodes.iter().map(|node| weights(&node.op)).sum::<usize>(),
            25_557_032 - 2 * 26_560 - 1000
        );
        assert_eq!(graph.output_shape().len(), 1000);
    }

    #[test]
    fn unknown_names_are_none() {
        assert!(build("resnet49", 1).is_none());
    }

    #[test]
    fn nothing_is_left_to_fold() {
        for name in NAMES {
            let graph = build(name, 1).unwrap().unwrap();
            assert!(graph.nodes.iter().all(|node| node.op.affine().is_none()), "{name}");
        }
    }
}
