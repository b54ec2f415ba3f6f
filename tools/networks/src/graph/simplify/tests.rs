use super::super::random::{batch_norm, close, networks, values};
use super::super::{Axis, Op, Window, run};
use super::*;
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::local::Permutation;
use proptest::prelude::*;

const INPUT: Shape = Shape::new(2, 4, 4);

fn start() -> Graph {
    Graph::new("g", "x", INPUT).unwrap()
}

fn conv(outputs: u32, pads: [u16; 4], input: Shape) -> Op {
    let geometry = Conv2d { input, kernel: [3, 3], pads, ..Conv2d::dense(input.channels, outputs) };
    let weights = (0..geometry.weight_len()).map(|i| (i % 7) as f32 - 3.0).collect();
    Op::Conv { geometry, weights, bias: (0..outputs).map(|o| o as f32).collect() }
}

fn affine(shift: f32) -> Op {
    Op::Affine { scale: vec![2.0, -3.0], shift: vec![shift, 2.0 * shift] }
}

fn pad(input: Shape) -> Op {
    Op::spatial_view(input, Axis::pad(input.height, 1, 1), Axis::pad(input.width, 1, 1))
}

/// Simplifies, checks that the result is the same, and returns the kinds of nodes left.
fn simplified(graph: &Graph) -> Vec<&'static str> {
    let x: Vec<f32> = (0..INPUT.len()).map(|i| i as f32 - 9.0).collect();
    let simple = simplify(graph.clone()).unwrap();
    let (before, after) = (run(graph, &x).unwrap(), run(&simple, &x).unwrap());
    assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-3), "{before:?} {after:?}");
    assert_eq!(before.len(), after.len());
    simple.nodes.iter().map(|node| node.op.name()).collect()
}

#[test]
fn affine_goes_backwards_into_a_convolution() {
    let mut graph = start();
    let a = graph.push("a", conv(2, [1; 4], INPUT), &[graph.input]).unwrap();
    let b = graph.push("b", affine(1.0), &[a]).unwrap();
    let c = graph.push("c", affine(5.0), &[b]).unwrap();
    graph.push("d", Op::relu(), &[c]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Conv", "Activation"]);
}

#[test]
fn batch_normalisation_goes_into_the_convolution() {
    let mut graph = start();
    let a = graph.push("a", conv(2, [1; 4], INPUT), &[graph.input]).unwrap();
    let b = graph.push("b", batch_norm(2, 3), &[a]).unwrap();
    graph.push("c", Op::relu(), &[b]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Conv", "Activation"]);
    graph.nodes[3].inputs = vec![graph.input];
    graph.output = NodeId(3);
    graph.nodes[2].inputs = vec![graph.input];
    graph.push("d", Op::Add, &[NodeId(2), NodeId(3)]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Conv", "Activation", "Add"], "a depthwise convolution");
}

#[test]
fn batch_normalisation_without_meaning_is_refused() {
    let mut graph = start();
    let of = |variance: &[f32], shift: f32| Op::BatchNorm {
        scale: vec![1.0; 2],
        shift: vec![0.0, shift],
        mean: vec![0.0; 2],
        variance: variance.to_vec(),
        epsilon: 0.5,
    };
    for (op, problem) in [
        (of(&[1.0, -0.5], 0.0), "the variance -0.5 of channel 1 is not positive"),
        (of(&[1.0], 0.0), "has 1 variances for an input of 2x4x4"),
        (of(&[1.0, 1.0], f32::NAN), "one of its shifts is NaN, of channel 1"),
    ] {
        assert_eq!(graph.push("n", op, &[graph.input]).unwrap_err().problem, problem);
    }
}

#[test]
fn affine_stays_where_the_convolution_is_read_elsewhere() {
    let mut graph = start();
    let a = graph.push("a", conv(2, [1; 4], INPUT), &[graph.input]).unwrap();
    let b = graph.push("b", affine(1.0), &[a]).unwrap();
    graph.push("c", Op::Add, &[a, b]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Conv", "Conv", "Add"]);
    graph.output = b;
    assert_eq!(simplified(&graph), ["Input", "Conv"]);
}

#[test]
fn affine_goes_forwards_unless_padding_meets_a_shift() {
    for (shift, pads, left) in [(1.0, 0, 1), (0.0, 1, 1), (1.0, 1, 2)] {
        let mut graph = start();
        let a = graph.push("a", affine(shift), &[graph.input]).unwrap();
        let b = graph.push("b", affine(0.0), &[a]).unwrap();
        graph.push("c", conv(3, [pads; 4], INPUT), &[b]).unwrap();
        assert_eq!(simplified(&graph).len(), 1 + left);
    }
}

#[test]
fn affine_before_a_grouped_convolution() {
    let mut graph = start();
    let a = graph.push("a", affine(1.0), &[graph.input]).unwrap();
    let geometry = Conv2d { input: INPUT, groups: 2, kernel: [2, 2], ..Conv2d::dense(2, 4) };
    let weights = (0..16).map(|i| i as f32).collect();
    graph.push("b", Op::Conv { geometry, weights, bias: vec![1.0; 4] }, &[a]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Conv"]);
}

#[test]
fn padding_goes_into_its_readers() {
    let padded = Shape::new(2, 6, 6);
    let average = Op::AveragePool { window: Window::new([3, 3]), count_include_pad: false };
    for (op, expected) in [
        (conv(3, [1, 0, 0, 2], padded), vec!["Input", "Activation", "Conv"]),
        (average, vec!["Input", "Activation", "AveragePool"]),
        (Op::MaxPool(Window::new([3, 3])), vec!["Input", "Activation", "MaxPool"]),
        (
            Op::MaxPool(Window { ceil: true, ..Window::new([3, 3]) }),
            vec!["Input", "Activation", "View", "MaxPool"],
        ),
    ] {
        let mut graph = start();
        let a = graph.push("a", Op::relu(), &[graph.input]).unwrap();
        let b = graph.push("b", pad(INPUT), &[a]).unwrap();
        graph.push("c", op, &[b]).unwrap();
        assert_eq!(simplified(&graph), expected);
    }
    let mut graph = start();
    let a = graph.push("a", pad(INPUT), &[graph.input]).unwrap();
    graph.push("b", Op::MaxPool(Window::new([3, 3])), &[a]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "View", "MaxPool"], "a zero can be the largest");
}

#[test]
fn views_are_joined_and_identities_dropped() {
    let mut graph = start();
    let slice = Op::spatial_view(INPUT, Axis::slice(2, 0, 2), Axis::slice(2, 0, 2));
    let a = graph.push("a", slice, &[graph.input]).unwrap();
    let channels =
        Op::View { channels: Axis::pad(2, 1, 1), rows: Axis::identity(2), columns: Axis::identity(2) };
    let b = graph.push("b", channels, &[a]).unwrap();
    let c = graph.push("c", Op::Reshape(Shape::new(4, 2, 2)), &[b]).unwrap();
    graph.push("unused", Op::relu(), &[c]).unwrap();
    graph.output = graph.push("d", Op::Concat, &[c]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "View"]);
}

#[test]
fn reversed_channels_go_into_the_weights() {
    let mut graph = start();
    let reversed = Op::View {
        channels: Axis::slice(2, 1, -1),
        rows: Axis::identity(INPUT.height),
        columns: Axis::identity(INPUT.width),
    };
    let a = graph.push("a", reversed, &[graph.input]).unwrap();
    let b = graph.push("b", affine(0.0), &[a]).unwrap();
    let c = graph.push("c", conv(3, [1, 0, 0, 2], INPUT), &[b]).unwrap();
    graph.output = graph.push("d", Op::relu(), &[c]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Conv", "Activation"]);
    let x = values(INPUT.len(), 3);
    let simple = simplify(graph.clone()).unwrap();
    assert!(close(&run(&simple, &x).unwrap(), &run(&graph, &x).unwrap()));
}

/// The activations, which block sizes are chosen for: name and shape.
fn activations(graph: &Graph) -> Vec<(String, Shape)> {
    graph
        .nodes
        .iter()
        .filter(|node| node.op.is_activation())
        .map(|node| (node.name.clone(), node.shape))
        .collect()
}

proptest! {
    #[test]
    fn every_network_computes_the_same(graph in networks()) {
        let simple = simplify(graph.clone()).unwrap();
        let x = values(graph.input_shape().len(), 1);
        let (before, after) = (run(&graph, &x).unwrap(), run(&simple, &x).unwrap());
        prop_assert!(close(&after, &before), "{:?} {:?}", before, after);
        let affine = |op: &Op| op.affine().is_some();
        prop_assert!(!simple.nodes.iter().any(|node| affine(&node.op)));
        prop_assert_eq!(simplify(simple.clone()).unwrap(), simple.clone());
        let kept = activations(&graph);
        prop_assert!(activations(&simple).iter().all(|layer| kept.contains(layer)));
    }
}

fn permuted(dims: &[u32], order: &[u8], shape: Shape) -> Op {
    Op::permuted(Permutation::new(dims, order).unwrap(), shape)
}

#[test]
fn permutations_that_follow_each_other_are_one() {
    let mut graph = start();
    let last = permuted(&[2, 4, 4], &[1, 2, 0], Shape::new(4, 4, 2));
    let a = graph.push("a", last.clone(), &[graph.input]).unwrap();
    let b = graph.push("b", permuted(&[4, 4, 2], &[2, 0, 1], INPUT), &[a]).unwrap();
    graph.push("c", Op::relu(), &[b]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Activation"], "there and back");
    let mut graph = start();
    let a = graph.push("a", Op::Reshape(Shape::new(4, 2, 4)), &[graph.input]).unwrap();
    let b = graph.push("b", permuted(&[2, 4, 4], &[1, 2, 0], Shape::new(4, 4, 2)), &[a]).unwrap();
    let c = graph.push("c", Op::Reshape(Shape::new(8, 2, 2)), &[b]).unwrap();
    let d = graph.push("d", permuted(&[8, 2, 2], &[1, 0, 2], Shape::new(2, 8, 2)), &[c]).unwrap();
    graph.push("e", Op::relu(), &[d]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Permute", "Activation"]);
    // What others read as well is not made twice.
    let mut graph = start();
    let a = graph.push("a", permuted(&[2, 16], &[1, 0], Shape::new(8, 2, 2)), &[graph.input]).unwrap();
    let b = graph.push("b", Op::relu(), &[a]).unwrap();
    let c = graph.push("c", Op::Reshape(Shape::new(2, 4, 4)), &[a]).unwrap();
    let d = graph.push("d", Op::Reshape(Shape::new(2, 4, 4)), &[b]).unwrap();
    graph.push("e", Op::Add, &[c, d]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Permute", "Activation", "Reshape", "Reshape", "Add"]);
}

#[test]
fn a_dense_layer_reads_elements_as_they_are() {
    let mut graph = start();
    let a = graph.push("a", permuted(&[2, 16], &[1, 0], Shape::new(4, 4, 2)), &[graph.input]).unwrap();
    let b = graph.push("b", Op::Reshape(INPUT.flat()), &[a]).unwrap();
    let weights = values(96, 3);
    graph.push("c", Op::Conv { geometry: Conv2d::dense(32, 3), weights, bias: vec![1.0; 3] }, &[b]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Reshape", "Conv"]);
    graph.push("d", Op::Concat, &[NodeId(2), NodeId(3)]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Permute", "Conv", "Concat"]);
}

#[test]
fn an_affine_map_of_permuted_channels_goes_into_the_convolution() {
    let mut graph = start();
    let a = graph.push("a", conv(8, [1; 4], INPUT), &[graph.input]).unwrap();
    let to_space = permuted(&[2, 2, 2, 4, 4], &[0, 3, 1, 4, 2], Shape::new(2, 8, 8));
    let b = graph.push("b", to_space, &[a]).unwrap();
    let crop = Op::spatial_view(graph[b].shape, Axis::pad(8, -1, -1), Axis::pad(8, -1, 0));
    let c = graph.push("c", crop, &[b]).unwrap();
    let d = graph.push("d", batch_norm(2, 4), &[c]).unwrap();
    graph.push("e", Op::relu(), &[d]).unwrap();
    assert_eq!(simplified(&graph), ["Input", "Conv", "Permute", "View", "Activation"]);
    // Where zeros are around it they would be moved too, and where channels are mixed nothing fits.
    graph.nodes[3].op = Op::spatial_view(graph[b].shape, Axis::pad(8, 1, -3), Axis::pad(8, -1, 0));
    graph.check().unwrap();
    assert_eq!(simplified(&graph), ["Input", "Conv", "Permute", "View", "Conv", "Activation"]);
    let mixed = permuted(&[8, 4, 4], &[1, 2, 0], Shape::new(2, 8, 8));
    graph.nodes[2].op = mixed;
    graph.nodes[3].op = Op::spatial_view(graph[b].shape, Axis::pad(8, -1, -1), Axis::pad(8, -1, 0));
    assert_eq!(simplified(&graph), ["Input", "Conv", "Permute", "Conv", "View", "Activation"]);
}
