//! Networks that need no file: published architectures with generated weights, for measuring what they cost.
//!
//! Their outputs mean nothing; shapes, layers and traffic are those of the trained networks.

mod builder;
mod init;
mod resnet;

use brelu_core::geometry::Shape;

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
pub const NAMES: [&str; 3] = ["resnet8", "resnet50", "resnet50-maxpool"];

/// The network of that name with weights from `seed`, or `None` if there is none.
///
/// # Errors
/// Never for the names in [`NAMES`]; the graph checks itself all the same.
pub fn build(name: &str, seed: u64) -> Option<Result<Graph, GraphError>> {
    let large = Shape::new(3, 224, 224);
    let built = match name {
        "resnet8" => resnet::resnet8(Shape::new(3, 32, 32), 10, seed),
        "resnet50" => resnet::resnet50(Stem::Average, large, 1000, seed),
        "resnet50-maxpool" => resnet::resnet50(Stem::Maximum, large, 1000, seed),
        _ => return None,
    };
    Some(built.map(|builder| builder.graph))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Op, simplify};

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
    fn resnet8_has_three_blocks() {
        let graph = build("resnet8", 1).unwrap().unwrap();
        let relus: Vec<_> = graph.nodes.iter().filter(|node| node.op == Op::Relu).collect();
        let shapes: Vec<_> = relus.iter().map(|node| (node.shape.channels, node.shape.height)).collect();
        assert_eq!(shapes, [(16, 32), (16, 32), (16, 32), (32, 16), (32, 16), (64, 8), (64, 8)]);
        assert_eq!(graph.output_shape(), Shape::new(10, 1, 1));
        let norms = graph.nodes.iter().filter(|node| node.op.name() == "BatchNorm").count();
        assert_eq!(norms, 9, "one for every convolution");
    }

    #[test]
    fn simplified_networks_keep_names_and_have_no_norms() {
        for name in NAMES {
            let graph = build(name, 1).unwrap().unwrap();
            let simple = simplify(graph.clone()).unwrap();
            assert!(simple.nodes.iter().all(|node| node.op.affine().is_none()), "{name}");
            // Flattening planes of one pixel changes nothing.
            let kept = graph.nodes.iter().filter(|node| node.op.affine().is_none() && node.name != "flatten");
            assert!(simple.nodes.iter().map(|node| &node.name).eq(kept.map(|node| &node.name)), "{name}");
        }
    }
}
