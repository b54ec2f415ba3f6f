//! Networks that are cheaper to compute in private, to be finetuned after the change: average pooling instead of
//! max-pooling, ReLU instead of bounded ReLU (arXiv 2304.10442). Names of nodes stay.

use super::{Graph, GraphError, NodeId, Op};

/// A changed network.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversion {
    /// The network.
    pub graph: Graph,
    /// Names of the nodes that were changed, in order.
    pub changed: Vec<String>,
}

/// Average pooling with the windows of every max-pooling: same kernel, stride and pads.
///
/// Padding, which a maximum passes over, counts as zeros: every window divides by its whole size, also where it sticks
/// out of the map at the bottom and right (`ceil`), which becomes padding. So the mean is one linear map for all
/// positions, as plans need it.
///
/// # Errors
/// If the graph is inconsistent.
pub fn max_pools_to_average(graph: &Graph) -> Result<Conversion, GraphError> {
    convert(graph, |graph, id| {
        let Op::MaxPool(window) = &graph[id].op else { return None };
        let from = graph[*graph[id].inputs.first()?].shape;
        let window = window.without_ceil(from).unwrap_or(*window);
        Some(Op::AveragePool { window, count_include_pad: true })
    })
}

/// ReLU in the place of every bounded ReLU (ReLU6).
///
/// # Errors
/// If the graph is inconsistent.
pub fn bounded_to_relu(graph: &Graph) -> Result<Conversion, GraphError> {
    convert(graph, |graph, id| {
        graph[id].op.relu_bound().filter(|bound| bound.is_finite()).map(|_| Op::relu())
    })
}

fn convert(graph: &Graph, change: impl Fn(&Graph, NodeId) -> Option<Op>) -> Result<Conversion, GraphError> {
    graph.check()?;
    let mut converted = graph.clone();
    let mut changed = Vec::new();
    for (id, node) in graph.iter() {
        if let Some(op) = change(graph, id) {
            converted.nodes[id.0].op = op;
            changed.push(node.name.clone());
        }
    }
    converted.check()?;
    Ok(Conversion { graph: converted, changed })
}

#[cfg(test)]
mod tests {
    use super::super::random::{networks, single, window};
    use super::super::{Window, run};
    use super::*;
    use brelu_core::geometry::Shape;
    use proptest::prelude::*;

    #[test]
    fn zeros_around_the_map_count() {
        let shape = Shape::new(1, 3, 3);
        let window = Window { stride: [2; 2], pads: [1, 1, 0, 0], ceil: true, ..Window::new([2; 2]) };
        let Conversion { graph, changed } =
            max_pools_to_average(&single(shape, Op::MaxPool(window))).unwrap();
        assert_eq!(changed, ["y"]);
        let x: Vec<f32> = (1..=9).map(|value| value as f32).collect();
        assert_eq!(run(&graph, &x).unwrap(), [0.25, 1.25, 2.75, 7.0]);
        let ceil = Window { ceil: true, stride: [2; 2], ..Window::new([2; 2]) };
        let graph = max_pools_to_average(&single(shape, Op::MaxPool(ceil))).unwrap().graph;
        assert_eq!(run(&graph, &x).unwrap(), [3.0, 2.25, 3.75, 2.25]);
    }

    #[test]
    fn relu6_loses_its_bound() {
        let graph = single(Shape::new(1, 1, 2), Op::bounded_relu(6.0).unwrap());
        let Conversion { graph, changed } = bounded_to_relu(&graph).unwrap();
        assert_eq!((run(&graph, &[-1.0, 7.0]).unwrap(), changed.len()), (vec![0.0, 7.0], 1));
    }

    proptest! {
        #[test]
        fn windows_stay_where_they_are((window, shape) in window()) {
            let graph = max_pools_to_average(&single(shape, Op::MaxPool(window))).unwrap().graph;
            let Op::AveragePool { window: mean, .. } = graph.nodes[1].op else { panic!("not converted") };
            for (axis, size, outputs) in [
                (0, shape.height, graph.output_shape().height),
                (1, shape.width, graph.output_shape().width),
            ] {
                for i in 0..outputs {
                    prop_assert!(window.taps(i, size, axis).eq(mean.taps(i, size, axis)));
                    prop_assert_eq!(mean.padded_taps(i, size, axis), usize::from(window.kernel[axis]));
                }
            }
        }

        #[test]
        fn only_what_is_named_changes(graph in networks()) {
            let named: [fn(&Op) -> bool; 2] = [
                |op| matches!(op, Op::MaxPool(_)),
                |op| op.relu_bound().is_some_and(f32::is_finite),
            ];
            let conversions = [max_pools_to_average(&graph).unwrap(), bounded_to_relu(&graph).unwrap()];
            for (conversion, named) in conversions.iter().zip(named) {
                for (before, after) in graph.nodes.iter().zip(&conversion.graph.nodes) {
                    prop_assert_eq!(before != after, named(&before.op));
                    prop_assert_eq!(before != after, conversion.changed.contains(&before.name));
                    prop_assert_eq!(&before.name, &after.name);
                    prop_assert!(!named(&after.op));
                }
            }
        }
    }
}
