//! First-order distortions where they are exact: behind the changed activation the network is linear.

use std::ops::ControlFlow;

use brelu_core::geometry::{Conv2d, Shape};

use super::first_order::{Plane, Ramps, Scratch, Sums};
use super::walk::Sizes;
use super::*;
use brelu_learn::interpreter::Device;
use brelu_networks::blocks::{BlockSize, Candidates};
use brelu_networks::graph::{Graph, Op};
use brelu_networks::numbers::Random;

const SHAPE: Shape = Shape::new(3, 7, 6);

fn random(len: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..len).map(|_| random.normal()).collect()
}

fn conv(input: Shape, out: u32, kernel: u16, seed: u64) -> Op {
    let geometry =
        Conv2d { kernel: [kernel; 2], pads: [kernel / 2; 4], input, ..Conv2d::dense(input.channels, out) };
    Op::Conv { geometry, weights: random(geometry.weight_len(), seed), bias: random(out as usize, seed + 1) }
}

/// One activation between linear layers.
fn network(activation: Op, outputs: u32) -> Graph {
    let mut graph = Graph::new("g", "x", Shape::new(2, 7, 6)).unwrap();
    graph.push("conv", conv(graph.input_shape(), SHAPE.channels, 3, 1), &[graph.input]).unwrap();
    graph.push("act", activation, &[graph.output]).unwrap();
    graph.push("flat", Op::Reshape(SHAPE.flat()), &[graph.output]).unwrap();
    graph.push("dense", conv(SHAPE.flat(), outputs, 1, 5), &[graph.output]).unwrap();
    graph
}

fn images(graph: &Graph, count: u64) -> Vec<Vec<f32>> {
    (0..count).map(|seed| random(graph.input_shape().len(), 100 + seed)).collect()
}

fn measured(graph: &Graph, method: Method, images: &[Vec<f32>], probes: Option<u32>) -> Vec<LayerTable> {
    let sizes = Candidates::Pairs(4);
    let options = Options { sizes: &sizes, method, probes, seed: 3, windows: true };
    let measurement =
        Measurement::new(graph, &Device::flex(), images, (0..images.len()).collect(), options).unwrap();
    let (partial, _) = measurement.run(measurement.start(), &mut |_| ControlFlow::Continue(()));
    measurement.tables(&partial)
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-4 * (a.abs() + b.abs()) + 1e-9
}

#[test]
fn first_order_is_exact_before_linear_layers() {
    for activation in [Op::relu(), Op::bounded_relu(0.7).unwrap()] {
        for outputs in [4, 14] {
            let graph = network(activation.clone(), outputs);
            let images = images(&graph, 5);
            let exact = measured(&graph, Method::Exact, &images, None);
            let gradient = measured(&graph, Method::Gradient, &images, None);
            assert_eq!(exact[0].sizes, gradient[0].sizes);
            for (at, (exact, gradient)) in exact[0].distortion.iter().zip(&gradient[0].distortion).enumerate()
            {
                assert!(close(*exact, *gradient), "{at}: {exact} {gradient}");
            }
            assert!(exact[0].distortion.iter().any(|value| *value > 0.01));
        }
    }
}

#[test]
fn random_probes_estimate_the_same() {
    let graph = network(Op::relu(), 12);
    let images = images(&graph, 3);
    let every = measured(&graph, Method::Gradient, &images, None);
    let probed = measured(&graph, Method::Gradient, &images, Some(600));
    for (every, probed) in every[0].distortion.iter().zip(&probed[0].distortion) {
        assert!((every - probed).abs() <= 0.2 * every + 1e-6, "{every} {probed}");
    }
}

#[test]
fn stopping_and_going_on_changes_nothing() {
    let graph = network(Op::relu(), 4);
    let images = images(&graph, 70);
    let (sizes, folder) = (Candidates::Auto, tempfile::tempdir().unwrap());
    for method in [Method::Gradient, Method::Exact] {
        let options = Options { sizes: &sizes, method, probes: None, seed: 0, windows: true };
        let measurement =
            Measurement::new(&graph, &Device::flex(), &images, (0..images.len()).collect(), options).unwrap();
        let (whole, _) = measurement.run(measurement.start(), &mut |_| ControlFlow::Continue(()));
        let (first, flow) = measurement.run(measurement.start(), &mut |_| ControlFlow::Break(()));
        assert!(flow.is_break() && first.done < images.len());
        let path = folder.path().join("partial");
        Checkpoint::write(&path, "origin", &first).unwrap();
        assert!(matches!(Checkpoint::read(&path, "other"), Err(CheckpointError::Other(_))));
        let restored = Checkpoint::read(&path, "origin").unwrap().unwrap();
        assert!(measurement.fits(&restored) && restored == first);
        let (resumed, _) = measurement.run(restored, &mut |_| ControlFlow::Continue(()));
        assert_eq!(resumed, whole);
    }
}

/// The window's expectation against drawing its decisions.
#[test]
fn windows_decide_at_random_near_zero() {
    let (z, g) = (random(24, 1), random(24, 2));
    let sizes = [BlockSize::IDENTITY, BlockSize::ZERO, BlockSize::RELU, BlockSize::new(2, 3)];
    let halves = [3.0, 2.0, 1.5, 1.0, 0.5, 0.25];
    let ramps: Vec<Ramps> = vec![[halves, [0.0; 6]]; sizes.len()];
    let target: f32 = z.iter().zip(&g).map(|(z, g)| z.max(0.0) * g).sum();
    let plane = Plane { line: 6, z: &z, probes: &[&g], bound: None };
    let (mut distortion, mut windows) = (vec![0.0; 4], vec![[0.0; WINDOWS.len()]; 4]);
    let mut sums = Sums { distortion: &mut distortion, windows: &mut windows };
    let mut scratch = Scratch::default();
    plane.add(&Sizes::new(&sizes), [Some(0), Some(1)], &[target], Some(&ramps), &mut scratch, &mut sums);
    for (size, expected) in [(2, BlockSize::RELU), (3, BlockSize::new(2, 3))] {
        assert_eq!(sizes[size], expected);
        for (at, half) in halves.iter().enumerate() {
            let drawn = drawn(&z, &g, sizes[size], *half, target);
            let estimate = distortion[size] + windows[size][at];
            assert!((drawn - estimate).abs() < 0.05 * estimate + 1e-3, "{half}: {drawn} {estimate}");
        }
    }
    assert_eq!(windows[0], [0.0; WINDOWS.len()]);
}

fn drawn(z: &[f32], g: &[f32], size: BlockSize, half: f32, target: f32) -> f64 {
    let mut random = Random::new(9);
    let [height, width] = <[u16; 2]>::from(size).map(usize::from);
    let block = |at: usize| (at / 6 / height, at % 6 / width);
    let draws = 20_000;
    let mut total = 0.0;
    for _ in 0..draws {
        let mut y = 0.0;
        for (row, column) in (0..24).map(block).collect::<std::collections::BTreeSet<_>>() {
            let inside: Vec<usize> = (0..24).filter(|at| block(*at) == (row, column)).collect();
            let sum: f32 = inside.iter().map(|at| z[*at]).sum();
            if sum > random.uniform(-half, half) {
                y += inside.iter().map(|at| z[*at] * g[*at]).sum::<f32>();
            }
        }
        total += f64::from(y - target).powi(2);
    }
    total / f64::from(draws)
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("partial");
    assert_eq!(Checkpoint::read(&path, "origin").unwrap(), None);
    let partial = Partial { layers: Vec::new(), power: 1.5, done: 3 };
    Checkpoint::write(&path, "origin", &partial).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        std::fs::write(&path, damaged).unwrap();
        assert!(Checkpoint::read(&path, "origin").is_err(), "byte {at}");
    }
}
