//! The executor against loops that follow the formulas word by word.

use super::super::random::{axes, batch_norm, close, geometry, single, values, window};
use super::super::{Axis, Op, Window};
use super::*;
use brelu_core::geometry::{Conv2d, Shape};
use proptest::prelude::*;

fn at(x: &[f32], shape: Shape, c: usize, i: i64, j: i64) -> Option<f32> {
    let inside = (0..i64::from(shape.height)).contains(&i) && (0..i64::from(shape.width)).contains(&j);
    inside.then(|| x[c * shape.plane() + i as usize * shape.width as usize + j as usize])
}

/// Every output position: channel, row, column.
fn positions(shape: Shape) -> impl Iterator<Item = (usize, i64, i64)> {
    let columns = move |c, i| (0..i64::from(shape.width)).map(move |j| (c, i, j));
    let rows = move |c| (0..i64::from(shape.height)).flat_map(move |i| columns(c, i));
    (0..shape.channels as usize).flat_map(rows)
}

fn naive_conv(g: &Conv2d, weights: &[f32], bias: &[f32], x: &[f32]) -> Vec<f32> {
    let group_outputs = (g.out_channels / g.groups) as usize;
    let inputs = g.group_inputs() as usize;
    let [rows, columns] = g.kernel.map(usize::from);
    let coordinate = |at: i64, tap: usize, axis: usize| {
        at * i64::from(g.stride[axis]) + tap as i64 * i64::from(g.dilation[axis]) - i64::from(g.pads[axis])
    };
    let element = |(o, i, j): (usize, i64, i64)| {
        let mut sum = bias[o];
        for (c, k, l) in positions(Shape::new(inputs as u32, rows as u32, columns as u32)) {
            let (k, l) = (k as usize, l as usize);
            let value =
                at(x, g.input, o / group_outputs * inputs + c, coordinate(i, k, 0), coordinate(j, l, 1));
            sum += weights[((o * inputs + c) * rows + k) * columns + l] * value.unwrap_or(0.0);
        }
        sum
    };
    positions(g.output().unwrap()).map(element).collect()
}

/// The window's values at an output position; `None` outside the input.
fn window_values(window: &Window, x: &[f32], shape: Shape, (c, i, j): (usize, i64, i64)) -> Vec<Option<f32>> {
    let from = |at: i64, axis: usize| at * i64::from(window.stride[axis]) - i64::from(window.pads[axis]);
    let kernel = Shape::new(1, window.kernel[0].into(), window.kernel[1].into());
    let tap = |k: i64, axis: usize| k * i64::from(window.dilation[axis]);
    positions(kernel)
        .map(|(_, k, l)| at(x, shape, c, from(i, 0) + tap(k, 0), from(j, 1) + tap(l, 1)))
        .collect()
}

proptest! {
    #[test]
    fn convolution(geometry in geometry()) {
        let (weights, bias) = (values(geometry.weight_len(), 0), values(geometry.out_channels as usize, 0));
        let x = values(geometry.input.len(), 0);
        let expected = naive_conv(&geometry, &weights, &bias, &x);
        let got = run(&single(geometry.input, Op::Conv { geometry, weights, bias }), &x).unwrap();
        prop_assert!(close(&got, &expected), "{:?} {:?}", got, expected);
    }

    #[test]
    fn max_pool((window, shape) in window()) {
        let x = values(shape.len(), 0);
        let graph = single(shape, Op::MaxPool(window));
        let largest = |at| window_values(&window, &x, shape, at).into_iter().flatten().fold(f32::MIN, f32::max);
        let expected: Vec<f32> = positions(graph.output_shape()).map(largest).collect();
        prop_assert_eq!(run(&graph, &x).unwrap(), expected);
    }

    #[test]
    fn average_pool((window, shape) in window()) {
        let x = values(shape.len(), 0);
        let graph = single(shape, Op::AveragePool { window, count_include_pad: false });
        let mean = |at| {
            let inside: Vec<f32> = window_values(&window, &x, shape, at).into_iter().flatten().collect();
            inside.iter().sum::<f32>() / inside.len() as f32
        };
        let expected: Vec<f32> = positions(graph.output_shape()).map(mean).collect();
        prop_assert!(close(&run(&graph, &x).unwrap(), &expected));
    }

    #[test]
    fn view([channels, rows, columns] in axes()) {
        let shape = Shape::new(3, 4, 5);
        let x = values(shape.len(), 0);
        let graph = single(shape, Op::View { channels, rows, columns });
        let source = |axis: Axis, i: i64| (i * axis.num + axis.add).div_euclid(axis.den);
        let element = |(c, i, j): (usize, i64, i64)| {
            let channel = source(channels, c as i64);
            let inside = (0..3).contains(&channel);
            let value = inside.then(|| at(&x, shape, channel as usize, source(rows, i), source(columns, j)));
            value.flatten().unwrap_or(0.0)
        };
        let expected: Vec<f32> = positions(graph.output_shape()).map(element).collect();
        prop_assert_eq!(run(&graph, &x).unwrap(), expected);
    }
}

#[test]
fn batch_normalisation() {
    let shape = Shape::new(3, 2, 4);
    let (op, x) = (batch_norm(3, 5), values(shape.len(), 0));
    let Op::BatchNorm { scale, shift, mean, variance, epsilon } = &op else { unreachable!() };
    let element = |(c, x): (usize, f32)| scale[c] * (x - mean[c]) / (variance[c] + epsilon).sqrt() + shift[c];
    let expected: Vec<f32> = x.iter().enumerate().map(|(i, x)| element((i / shape.plane(), *x))).collect();
    assert!(close(&run(&single(shape, op), &x).unwrap(), &expected));
}

#[test]
fn bands_of_a_large_plane_agree() {
    let input = Shape::new(8, 61, 67);
    let geometry = Conv2d { kernel: [3, 3], pads: [1; 4], input, ..Conv2d::dense(8, 5) };
    let (weights, bias, x) = (values(geometry.weight_len(), 0), values(5, 0), values(input.len(), 0));
    let expected = naive_conv(&geometry, &weights, &bias, &x);
    assert!(close(&run(&single(input, Op::Conv { geometry, weights, bias }), &x).unwrap(), &expected));
}

/// A tensor that is read again later survives, and reused memory does not leak values.
#[test]
fn memory_is_reused_safely() {
    let mut graph = Graph::new("g", "x", Shape::new(1, 1, 3)).unwrap();
    let x = graph.input;
    let relu = graph.push("relu", Op::relu(), &[x]).unwrap();
    let clip = graph.push("clip", Op::bounded_relu(1.0).unwrap(), &[relu]).unwrap();
    let pad = Op::spatial_view(Shape::new(1, 1, 3), Axis::identity(1), Axis::pad(3, -2, 2));
    let shifted = graph.push("shifted", pad, &[clip]).unwrap();
    let sum = graph.push("sum", Op::Add, &[shifted, relu]).unwrap();
    let joined = graph.push("joined", Op::Concat, &[sum, x]).unwrap();
    assert_eq!(joined, graph.output);
    let executor = Executor::new(&graph).unwrap();
    let mut scratch = Scratch::default();
    for _ in 0..2 {
        let mut seen = Vec::new();
        let mut observe = |id: NodeId, _: &Node, values: &[f32]| seen.push((id, values.len()));
        let output = executor.run_with(&[-1.0, 2.0, 3.0], &mut scratch, &mut observe).unwrap();
        assert_eq!(output, [1.0, 2.0, 3.0, -1.0, 2.0, 3.0]);
        assert_eq!(seen.len(), 6);
    }
    let error = executor.run(&[0.0]).unwrap_err();
    assert_eq!(error.to_string(), "the network takes 3 input values but was given 1");
}
