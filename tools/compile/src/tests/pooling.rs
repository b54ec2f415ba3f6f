//! Means and tournaments.

use super::*;
use brelu_networks::graph::{Axis, Window};

/// Two layers around `pool`; the first one ends with ReLU if `relu`.
fn network(pool: Op, height: u32, width: u32, relu: bool) -> Builder {
    let mut builder = Builder::new(height, width);
    let mut x = builder.conv(builder.input(), 4, 3, 1, 1);
    if relu {
        x = builder.relu(x);
    }
    let x = builder.push(pool, &[x]);
    builder.conv(x, 4, 1, 1, 1);
    builder
}

fn windows() -> Vec<Window> {
    let plain = Window::new([3, 3]);
    vec![
        Window::new([2, 2]),
        Window { stride: [2, 2], ..Window::new([2, 2]) },
        Window { stride: [2, 2], ..plain },
        Window { stride: [2, 2], pads: [1; 4], ..plain },
        Window { stride: [2, 2], ceil: true, ..plain },
        Window { stride: [3, 2], ceil: true, pads: [1, 0, 0, 1], ..plain },
        Window { dilation: [2, 2], ..plain },
        Window { dilation: [2, 1], stride: [2, 1], pads: [2, 1, 2, 1], ..plain },
        Window::new([1, 4]),
        Window::new([5, 1]),
        Window { stride: [2, 3], ..Window::new([1, 1]) },
        Window::new([9, 8]),
    ]
}

#[test]
fn tournaments_find_the_maximum() {
    for window in windows() {
        check(&mut network(Op::MaxPool(window), 9, 8, false));
        check_lowering(&mut network(Op::MaxPool(window), 9, 8, true));
    }
}

#[test]
fn a_level_is_one_round_trip() {
    let window = Window { stride: [2, 2], ..Window::new([3, 3]) };
    let compiled = check(&mut network(Op::MaxPool(window), 9, 9, true));
    assert_eq!(compiled.report.round_trips, 5, "two levels an axis, and ReLU");
}

#[test]
fn relu_moves_behind_the_maximum_also_out_of_a_concatenation() {
    let mut builder = Builder::new(8, 8);
    let left = builder.conv(builder.input(), 4, 3, 1, 1);
    let left = builder.relu(left);
    let right = builder.conv(builder.input(), 6, 1, 1, 1);
    let right = builder.push(Op::bounded_relu(1.0).unwrap(), &[right]);
    let both = builder.push(Op::Concat, &[left, right]);
    let window = Window { stride: [2, 2], ..Window::new([2, 2]) };
    let x = builder.push(Op::MaxPool(window), &[both]);
    builder.conv(x, 4, 1, 1, 1);
    let compiled = check(&mut builder);
    assert_eq!(compiled.report.round_trips, 3);
    let plan = Plan::parse(&compiled.plan).unwrap();
    let relu = plan.nodes().find(|(_, node)| node.name == "activation2").unwrap().1;
    assert_eq!((relu.shape.height, relu.shape.width), (4, 4));
}

#[test]
fn relu_with_blocks_stays_before_the_maximum() {
    let window = Window { stride: [2, 2], ..Window::new([2, 2]) };
    let mut builder = network(Op::MaxPool(window), 8, 8, true);
    let spec = BlockSpec { layers: [("activation2".into(), vec![[2, 2]; 4])].into(), ..BlockSpec::default() };
    let compiled = check_with(&mut builder, spec);
    let plan = Plan::parse(&compiled.plan).unwrap();
    let relu = plan.nodes().find(|(_, node)| node.name == "activation2").unwrap().1;
    assert_eq!(relu.shape.height, 8);
}

#[test]
fn dilated_windows_that_stick_out_between_elements_are_refused() {
    let window = Window { dilation: [2, 2], pads: [1; 4], ..Window::new([3, 3]) };
    let builder = network(Op::MaxPool(window), 9, 9, false);
    let error = lower::lower(&builder.graph, &BlockSpec::default()).unwrap_err();
    assert!(error.to_string().contains("miss the edge"), "{error}");
}

#[test]
fn means_divide_in_the_scale() {
    let padded = Window { pads: [1; 4], stride: [2, 2], ..Window::new([3, 3]) };
    let cases = [
        (Window::new([9, 9]), false),
        (Window { stride: [2, 2], ..Window::new([3, 3]) }, false),
        (padded, true),
        (Window { dilation: [2, 2], ..Window::new([2, 2]) }, false),
    ];
    for (window, count_include_pad) in cases {
        for relu in [true, false] {
            check(&mut network(Op::AveragePool { window, count_include_pad }, 9, 9, relu));
        }
    }
}

#[test]
fn means_with_several_divisors_have_a_factor_an_element() {
    let plain = Window::new([3, 3]);
    for window in [
        Window { pads: [1; 4], ..plain },
        Window { pads: [1, 0, 0, 1], stride: [2, 2], ..plain },
        Window { stride: [2, 2], ceil: true, ..Window::new([2, 4]) },
    ] {
        for relu in [true, false] {
            check(&mut network(Op::AveragePool { window, count_include_pad: false }, 9, 8, relu));
        }
    }
    let window = Window { pads: [2; 4], dilation: [2, 2], ..plain };
    let builder = network(Op::AveragePool { window, count_include_pad: false }, 9, 9, false);
    let error = lower::lower(&builder.graph, &BlockSpec::default()).unwrap_err();
    assert!(error.to_string().contains("count_include_pad = 1"), "{error}");
}

#[test]
fn what_is_read_or_reduced_in_any_way_compiles() {
    for steps in [
        // Mirrored edges, means of channels, factors of every element, interpolation by a fraction.
        |builder: &mut Builder, x: NodeId| {
            let shape = builder.graph[x].shape;
            let mirror = Axis { len: shape.width, num: -1, add: i64::from(shape.width) - 1, den: 1 };
            let y = builder.push(Op::spatial_view(shape, Axis::identity(shape.height), mirror), &[x]);
            builder.push(Op::Add, &[x, y])
        },
        |builder: &mut Builder, x: NodeId| {
            let shape = builder.graph[x].shape;
            let rows = builder.push(Op::Reshape(Shape::new(1, shape.channels, shape.plane() as u32)), &[x]);
            let window = Window::new([shape.channels as u16, 1]);
            let mean = builder.push(Op::AveragePool { window, count_include_pad: false }, &[rows]);
            builder.push(Op::Reshape(Shape::new(1, shape.height, shape.width)), &[mean])
        },
        |builder: &mut Builder, x: NodeId| {
            let shape = builder.graph[x].shape;
            let flat = builder.push(Op::Reshape(shape.flat()), &[x]);
            let [scale, shift] =
                [0.3, 0.7].map(|step| (0..shape.len()).map(|at| (at as f32 * step).sin()).collect());
            let y = builder.push(Op::Affine { scale, shift }, &[flat]);
            builder.push(Op::Reshape(shape), &[y])
        },
    ] {
        let mut builder = Builder::new(6, 5);
        let x = builder.conv(builder.input(), 4, 3, 1, 1);
        let x = builder.relu(x);
        let x = steps(&mut builder, x);
        builder.conv(x, 4, 1, 1, 1);
        builder.graph = graph::simplify(builder.graph.clone()).unwrap();
        check(&mut builder);
    }
}
