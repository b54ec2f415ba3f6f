//! Networks whose parameters are given, against those that have them.

use super::*;
use crate::interpreter::{Norms, Trainable};
use brelu_networks::graph::Role;
use brelu_networks::graph::random::networks;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn parameters_given_and_kept_compute_alike(graph in networks()) {
        let trainable = Trainable::new(&graph, &Device::flex()).unwrap();
        let interpreter = Interpreter::new(&graph, &Device::flex()).unwrap();
        let image = values_of(graph.input_shape().len(), 3);
        let batch = interpreter.batch([image.as_slice(), image.as_slice()]);
        let (parameters, running) = (trainable.parameters(&graph), trainable.running(&graph));
        let got = trainable.run(&parameters, Norms::Running(&running), batch.clone(), &Plain);
        prop_assert!(got.statistics.is_empty());
        prop_assert!(close(&values(got.output), &values(interpreter.run(batch, &Plain))));
        prop_assert_eq!(trainable.graph_with(&parameters, &running), graph);
    }
}

#[test]
fn biases_before_norms_stay_out() {
    let shape = Shape::new(4, 6, 6);
    let geometry = Conv2d { kernel: [3, 3], pads: [1; 4], input: shape, ..Conv2d::dense(4, 4) };
    let conv =
        |bias| Op::Conv { geometry, weights: values_of(geometry.weight_len(), 1), bias: vec![bias; 4] };
    let mut graph = Graph::new("g", "x", shape).unwrap();
    for bias in [0.0, 1.0] {
        graph.push("conv", conv(bias), &[graph.output]).unwrap();
        graph.push("norm", batch_norm(4, 2), &[graph.output]).unwrap();
    }
    graph.push("conv", conv(0.0), &[graph.output]).unwrap();
    let trainable = Trainable::new(&graph, &Device::flex()).unwrap();
    let roles: Vec<Role> = trainable.slots().iter().map(|slot| slot.role).collect();
    use Role::{Bias, Scale, Shift, Weights};
    assert_eq!(roles, [Weights, Scale, Shift, Weights, Bias, Scale, Shift, Weights, Bias]);
    let decaying = trainable.slots().iter().filter(|slot| slot.decays()).count();
    assert_eq!(decaying, 3);
}
