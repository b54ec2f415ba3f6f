//! Parameters to train from scratch.

use super::shuffle::mixed;
use brelu_networks::graph::{Graph, Op};
use brelu_networks::numbers::Random;

/// Replaces all parameters: convolutions by random ones of variance `2 / fan-out` (He, Zhang, Ren, Sun,
/// arXiv 1502.01852, equation 14), and of variance `1 / fan-in` where the output is made; biases by zero, norms by what
/// changes nothing.
pub fn initialise(graph: &mut Graph, seed: u64) {
    let last = graph.nodes.iter().rposition(|node| matches!(node.op, Op::Conv { .. }));
    for (at, node) in graph.nodes.iter_mut().enumerate() {
        let mut random = Random::new(mixed(&[seed, at as u64]));
        match &mut node.op {
            Op::Conv { geometry, weights, bias } => {
                let taps = geometry.kernel.iter().map(|size| f64::from(*size)).product::<f64>();
                let outputs = f64::from(geometry.out_channels) / f64::from(geometry.groups.max(1));
                let variance = match Some(at) == last {
                    true => 1.0 / geometry.fan_in().max(1) as f64,
                    false => 2.0 / (outputs * taps).max(1.0),
                };
                let deviation = variance.sqrt() as f32;
                weights.iter_mut().for_each(|weight| *weight = deviation * random.normal());
                bias.fill(0.0);
            }
            Op::BatchNorm { scale, shift, mean, variance, .. } => {
                scale.fill(1.0);
                shift.fill(0.0);
                mean.fill(0.0);
                variance.fill(1.0);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use brelu_core::geometry::{Conv2d, Shape};

    use super::*;

    fn graph() -> Graph {
        let mut graph = Graph::new("g", "x", Shape::new(8, 8, 8)).unwrap();
        let geometry = Conv2d::square(graph.input_shape(), 64, 3, 1, 1);
        let conv = |geometry: Conv2d, outputs: usize| Op::Conv {
            geometry,
            weights: vec![9.0; geometry.weight_len()],
            bias: vec![9.0; outputs],
        };
        graph.push("conv", conv(geometry, 64), &[graph.input]).unwrap();
        let nines = || vec![9.0; 64];
        let norm =
            Op::BatchNorm { scale: nines(), shift: nines(), mean: nines(), variance: nines(), epsilon: 1e-5 };
        graph.push("norm", norm, &[graph.output]).unwrap();
        let pointwise = Conv2d::square(graph.output_shape(), 10, 1, 1, 0);
        graph.push("last", conv(pointwise, 10), &[graph.output]).unwrap();
        graph
    }

    fn variance(op: &Op) -> f32 {
        let Op::Conv { weights, .. } = op else { return 0.0 };
        weights.iter().map(|weight| weight * weight).sum::<f32>() / weights.len() as f32
    }

    #[test]
    fn variances_are_those_of_the_rule() {
        let mut graph = graph();
        initialise(&mut graph, 3);
        let [first, last] = [1, 3].map(|at| variance(&graph.nodes[at].op));
        assert!((first * 64.0 * 9.0 / 2.0 - 1.0).abs() < 0.1, "{first}");
        assert!((last * 64.0 - 1.0).abs() < 0.3, "{last}");
        let Op::Conv { bias, .. } = &graph.nodes[1].op else { panic!() };
        assert_eq!(*bias, vec![0.0; 64]);
        let ones = (vec![1.0; 64], vec![0.0; 64]);
        let Op::BatchNorm { scale, shift, mean, variance, .. } = &graph.nodes[2].op else { panic!() };
        assert_eq!((scale, shift, mean, variance), (&ones.0, &ones.1, &ones.1, &ones.0));
        let (mut again, mut other) = (graph.clone(), graph.clone());
        initialise(&mut again, 3);
        initialise(&mut other, 4);
        assert!(again == graph && other != graph);
    }
}
