//! Every operation of graphs, one small network each.

use super::*;
use brelu_core::plan;
use brelu_networks::activation::{Activation, Functions};
use brelu_networks::graph::{Axis, Window};

#[test]
fn convolution_relu_and_dense() {
    let mut builder = Builder::new(9, 7);
    let x = builder.conv(builder.input(), 8, 3, 2, 1);
    let x = builder.relu(x);
    let len = builder.graph[x].shape.len() as u32;
    let x = builder.push(Op::Reshape(Shape::new(len, 1, 1)), &[x]);
    builder.conv(x, 10, 1, 1, 1);
    assert_eq!(operations(&check(&mut builder)), ["input", "linear", "activation", "reshape", "linear"]);
}

#[test]
fn the_sum_of_two_convolutions_is_one_linear_node() {
    let mut builder = Builder::new(8, 8);
    let x = builder.conv(builder.input(), 6, 3, 1, 1);
    let x = builder.relu(x);
    let (left, right) = (builder.conv(x, 4, 3, 2, 1), builder.conv(x, 4, 1, 2, 1));
    let sum = builder.push(Op::Add, &[left, right]);
    builder.relu(sum);
    assert_eq!(operations(&check(&mut builder)), ["input", "linear", "activation", "linear", "activation"]);
}

#[test]
fn a_residual_connection_adds_in_the_small_ring() {
    let mut builder = Builder::new(8, 8);
    let stem = builder.conv(builder.input(), 6, 3, 1, 1);
    let stem = builder.relu(stem);
    let branch = builder.conv(stem, 6, 3, 1, 1);
    let sum = builder.push(Op::Add, &[branch, stem]);
    let x = builder.relu(sum);
    builder.conv(x, 4, 1, 1, 1);
    let operations = operations(&check(&mut builder));
    assert_eq!(operations, ["input", "linear", "activation", "linear", "add", "activation", "linear"]);
}

#[test]
fn a_linear_bottleneck_is_extended_once() {
    let mut builder = Builder::new(8, 8);
    let x = builder.conv(builder.input(), 8, 3, 1, 1);
    let x = builder.push(Op::bounded_relu(1.5).unwrap(), &[x]);
    let narrow = builder.conv(x, 4, 1, 1, 1);
    let wide = builder.conv(narrow, 12, 1, 1, 1);
    let wide = builder.push(Op::bounded_relu(1.5).unwrap(), &[wide]);
    let deep = builder.conv(wide, 12, 3, 1, 12);
    let deep = builder.relu(deep);
    let back = builder.conv(deep, 4, 1, 1, 1);
    let sum = builder.push(Op::Add, &[narrow, back]);
    builder.conv(sum, 5, 1, 1, 1);
    let compiled = check(&mut builder);
    let extensions = compiled.report.activations.iter().filter(|layer| layer.name.ends_with("/extend"));
    assert_eq!(extensions.count(), 2, "one for the bottleneck, one for the sum");
}

#[test]
fn a_bound_is_a_second_knot_where_it_is_reached() {
    let mut builder = Builder::new(8, 8);
    let x = builder.conv(builder.input(), 8, 3, 1, 1);
    let x = builder.push(Op::bounded_relu(1.0).unwrap(), &[x]);
    builder.conv(x, 4, 1, 1, 1);
    let compiled = check(&mut builder);
    assert_eq!(compiled.report.round_trips, 1);
    let plan = Plan::parse(&compiled.plan).unwrap();
    let knots = plan.nodes().find_map(|(_, node)| match node.op {
        plan::Op::Activation { channels, .. } => Some((0..8).map(|at| channels.function(at).len()).collect()),
        _ => None,
    });
    let knots: Vec<usize> = knots.unwrap();
    assert!(knots.contains(&2) && knots.iter().all(|knots| [1, 2].contains(knots)), "{knots:?}");
    let spec =
        |size| BlockSpec { layers: [("activation2".into(), vec![size; 8])].into(), ..BlockSpec::default() };
    check_with(&mut builder, spec([0, 1]));
    check_with(&mut builder, spec([1, 0]));
}

#[test]
fn functions_of_any_slopes() {
    let leaky = |slope: f32| Activation::leaky(slope).unwrap();
    let channels = (0..8).map(|channel| leaky(0.05 * channel as f32 - 0.1)).collect();
    // Slopes without a small common measure leave the weights behind them fewer bits.
    let functions: [(Functions, f32); 6] = [
        (leaky(0.1).into(), 0.01),
        (leaky(0.01).into(), 0.02),
        (Activation::clip(-0.5, 0.5).unwrap().into(), 0.01),
        (Activation::hard_sigmoid(0.2, 0.5).unwrap().into(), 0.01),
        (Activation::at_least(-0.3).unwrap().into(), 0.01),
        (Functions::of_channels(channels), 0.01),
    ];
    for (functions, most) in functions {
        let mut builder = Builder::new(8, 8);
        let x = builder.conv(builder.input(), 8, 3, 1, 1);
        let x = builder.push(Op::Activation(functions), &[x]);
        let y = builder.conv(x, 8, 3, 1, 1);
        let x = builder.push(Op::Add, &[x, y]);
        let x = builder.relu(x);
        builder.conv(x, 4, 8, 8, 1);
        check_lowering(&mut builder);
        let compiled = check_within(&mut builder, BlockSpec::default(), most);
        assert_eq!(compiled.report.round_trips, 2);
    }
}

#[test]
fn concatenation_slices_and_repetition() {
    let mut builder = Builder::new(6, 6);
    let left = builder.conv(builder.input(), 4, 3, 1, 1);
    let left = builder.relu(left);
    let right = builder.conv(builder.input(), 4, 1, 1, 1);
    let both = builder.push(Op::Concat, &[left, right]);
    let slice = Op::View {
        channels: Axis::slice(3, 2, 2),
        rows: Axis { len: 12, num: 1, add: 0, den: 2 },
        columns: Axis::pad(6, 1, 2),
    };
    let x = builder.push(slice, &[both]);
    builder.conv(x, 4, 3, 1, 1);
    check(&mut builder);
}

#[test]
fn depth_to_space_and_channels_last() {
    let mut builder = Builder::new(5, 6);
    let x = builder.conv(builder.input(), 8, 3, 1, 1);
    let to_space = Permutation::new(&[2, 2, 2, 5, 6], &[0, 3, 1, 4, 2]).unwrap();
    let x = builder.push(Op::permuted(to_space, Shape::new(2, 10, 12)), &[x]);
    let x = builder.relu(x);
    let x = builder.conv(x, 4, 3, 1, 1);
    let last = Permutation::new(&[4, 120], &[1, 0]).unwrap();
    builder.push(Op::permuted(last, Shape::new(10, 12, 4)), &[x]);
    let compiled = check(&mut builder);
    // Nothing is exchanged for either.
    assert_eq!(compiled.report.round_trips, 1);
}

#[test]
fn what_is_left_of_normalisation_is_a_depthwise_map() {
    let mut builder = Builder::new(6, 6);
    let x = builder.conv(builder.input(), 4, 3, 1, 1);
    let x = builder.relu(x);
    let (scale, shift) = (vec![1.0, -0.5, 2.0, 0.1], vec![0.1, 0.2, -0.3, 0.0]);
    let x = builder.push(Op::Affine { scale, shift }, &[x]);
    builder.relu(x);
    check(&mut builder);
}

#[test]
fn activations_of_activations_and_of_the_input() {
    let mut builder = Builder::new(6, 6);
    let x = builder.relu(builder.input());
    let x = builder.relu(x);
    builder.conv(x, 4, 3, 1, 1);
    assert_eq!(check(&mut builder).report.round_trips, 2);
}

#[test]
fn a_network_without_any_operation() {
    check(&mut Builder::new(6, 6));
}

#[test]
fn a_mean_as_output_keeps_its_precision() {
    let mut builder = Builder::new(8, 8);
    let x = builder.conv(builder.input(), 4, 3, 1, 1);
    let x = builder.relu(x);
    let window = Window::new([8, 8]);
    let x = builder.push(Op::AveragePool { window, count_include_pad: false }, &[x]);
    builder.push(Op::Reshape(Shape::new(4, 1, 1)), &[x]);
    let compiled = check(&mut builder);
    let plan = Plan::parse(&compiled.plan).unwrap();
    assert_eq!(plan.output().bits, FINE.wide());
}

#[test]
fn blocks_identity_and_zero() {
    let mut builder = Builder::new(7, 9);
    let x = builder.conv(builder.input(), 6, 3, 1, 1);
    let x = builder.relu(x);
    builder.conv(x, 4, 1, 1, 1);
    let sizes = vec![[2, 2], [3, 4], [0, 1], [1, 0], [100, 100], [1, 1]];
    let spec = BlockSpec { layers: [("activation2".into(), sizes)].into(), ..BlockSpec::default() };
    let with_blocks = check_with(&mut builder, spec);
    let without = check_with(&mut builder, BlockSpec::default());
    assert!(with_blocks.report.chosen.bits < without.report.chosen.bits);
}
