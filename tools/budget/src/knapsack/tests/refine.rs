//! Choices improved by measuring, on networks whose two activations interact.

use std::ops::ControlFlow;

use brelu_core::geometry::Conv2d;

use super::*;
use crate::distortion::{Around, Look, Measurement, Method, Options};
use brelu_learn::interpreter::Device;
use brelu_networks::graph::Op as Operation;
use brelu_networks::numbers::Random;

fn random(len: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..len).map(|_| random.normal()).collect()
}

fn conv(input: Shape, out: u32, kernel: u16, seed: u64) -> Operation {
    let geometry =
        Conv2d { kernel: [kernel; 2], pads: [kernel / 2; 4], input, ..Conv2d::dense(input.channels, out) };
    Operation::Conv {
        geometry,
        weights: random(geometry.weight_len(), seed),
        bias: random(out as usize, seed),
    }
}

/// Two activations, one after the other.
fn chained(seed: u64) -> Graph {
    let map = Shape::new(8, 6, 6);
    let mut graph = Graph::new("chained", "x", Shape::new(2, 6, 6)).unwrap();
    let ops = [
        ("conv1", conv(graph.input_shape(), 8, 3, seed)),
        ("relu1", Operation::relu()),
        ("conv2", conv(map, 8, 3, seed + 1)),
        ("relu2", Operation::bounded_relu(9.0).unwrap()),
        ("flat", Operation::Reshape(map.flat())),
        ("dense", conv(map.flat(), 4, 1, seed + 2)),
    ];
    for (name, op) in ops {
        graph.push(name, op, &[graph.output]).unwrap();
    }
    graph
}

fn measured(graph: &Graph, images: &[Vec<f32>]) -> Table {
    let sizes = Candidates::Pairs(3);
    let options = Options { sizes: &sizes, method: Method::Gradient, probes: None, seed: 0, windows: false };
    let part = (0..images.len()).collect();
    let measurement = Measurement::new(graph, &Device::flex(), images, part, options).unwrap();
    let (partial, _) = measurement.run(measurement.start(), &mut |_| ControlFlow::Continue(()));
    let any = generated_table("chained", &[], &sizes, 0);
    Table { layers: measurement.tables(&partial), ..any }
}

#[test]
fn refined_choices_are_never_worse_and_sometimes_better() {
    let (model, constraints) =
        (CostModel::drelus(formats()), Constraints { no_zero: true, ..Default::default() });
    let mut better = 0;
    for seed in 0..4 {
        let graph = chained(10 * seed);
        let images: Vec<_> = (0..12).map(|at| random(72, 1000 + 100 * seed + at)).collect();
        let table = measured(&graph, &images);
        let around = Around::new(&graph, &Device::flex(), &table, &images, Look::default()).unwrap();
        let problem = Problem::new(&table, &model, &constraints).unwrap();
        for share in [1, 3] {
            let budget = problem.baseline() * share / 10;
            let start = problem.solve(budget).unwrap();
            let before = around.error(&start.choices);
            let mut last = before;
            let refined = problem
                .refine(&around, vec![start.clone()], budget, 4, &mut |exchange| {
                    assert_eq!(exchange.accepted, exchange.error < last);
                    last = last.min(exchange.error);
                    ControlFlow::Continue(())
                })
                .unwrap();
            let solution = &refined.solution;
            assert_eq!((refined.before, refined.after), (before, last));
            assert_eq!(around.error(&solution.choices), refined.after);
            assert!(refined.after <= before && refined.rounds <= 4, "seed {seed}");
            assert!(solution.cost <= budget && problem.drelus(solution) == solution.cost, "seed {seed}");
            assert!(solution.distortion >= start.distortion * (1.0 - 1e-9), "the start was the least");
            let zeros = |(layer, choices): (&crate::distortion::LayerTable, &Vec<usize>)| {
                choices.iter().filter(|at| layer.sizes[**at] == BlockSize::ZERO).count()
            };
            assert_eq!(table.layers.iter().zip(&solution.choices).map(zeros).sum::<usize>(), 0);
            better += u32::from(refined.after < before);
        }
    }
    assert!(better > 0);
}

#[test]
fn a_spec_is_a_start() {
    let (graph, images) = (chained(1), [random(72, 1)]);
    let table = measured(&graph, &images);
    let (model, none) = (CostModel::drelus(formats()), Constraints::default());
    let problem = Problem::new(&table, &model, &none).unwrap();
    let solution = problem.solve(100).unwrap();
    let mut spec = problem.spec(&solution, 100, &[]);
    let start = problem.start(&spec).unwrap();
    assert_eq!((start.choices, start.cost), (solution.choices, solution.cost));
    let name = spec.layers[0].name.clone();
    spec.layers[0].channels.pop();
    assert!(problem.start(&spec).unwrap_err().to_string().contains(&name));
    spec.layers.remove(0);
    assert!(
        problem.start(&spec).unwrap().cost > solution.cost,
        "one decision a pixel where nothing is listed"
    );
    spec.layers[0].channels[0].block = BlockSize::new(31, 7);
    let error = problem.start(&spec).unwrap_err().to_string();
    assert!(error.contains("31x7") && error.contains(&spec.layers[0].name), "{error}");
}

#[test]
fn refining_stops_when_it_is_told_to() {
    let (graph, images) = (chained(1), [random(72, 1)]);
    let table = measured(&graph, &images);
    let (model, none) = (CostModel::drelus(formats()), Constraints::default());
    let around = Around::new(&graph, &Device::flex(), &table, &images, Look::default()).unwrap();
    let problem = Problem::new(&table, &model, &none).unwrap();
    let start = problem.solve(100).unwrap();
    let none = problem.refine(&around, vec![start.clone()], 100, 0, &mut |_| unreachable!()).unwrap();
    assert_eq!((none.rounds, none.solution.choices), (0, start.choices.clone()));
    let mut seen = 0;
    let mut once = |_| {
        seen += 1;
        ControlFlow::Break(())
    };
    assert_eq!(problem.refine(&around, vec![start], 100, 9, &mut once).unwrap().rounds, 1);
    assert_eq!(seen, 1);
}
