//! Products of two tensors.

use super::*;
use brelu_core::cost;
use brelu_core::plan::{self, Channel};
use brelu_networks::activation::Activation;
use brelu_networks::graph::{Axis, Window};

fn hard_sigmoid(builder: &mut Builder, x: NodeId) -> NodeId {
    let function = Activation::hard_sigmoid(1.0 / 6.0, 0.5).unwrap();
    builder.push(Op::Activation(function.into()), &[x])
}

/// Squeeze and excite: `x` times a gate a channel.
fn excited(builder: &mut Builder, x: NodeId) -> NodeId {
    let shape = builder.graph[x].shape;
    let window = Window::new([shape.height as u16, shape.width as u16]);
    let mean = builder.push(Op::AveragePool { window, count_include_pad: true }, &[x]);
    let hidden = builder.conv(mean, 4, 1, 1, 1);
    let hidden = builder.relu(hidden);
    let gate = builder.conv(hidden, shape.channels, 1, 1, 1);
    let gate = hard_sigmoid(builder, gate);
    builder.push(Op::Multiply, &[x, gate])
}

fn stem(builder: &mut Builder) -> NodeId {
    let x = builder.conv(builder.input(), 8, 3, 1, 1);
    builder.relu(x)
}

#[test]
fn squeeze_and_excite() {
    let mut builder = Builder::new(8, 7);
    let x = stem(&mut builder);
    let x = excited(&mut builder, x);
    let x = builder.conv(x, 6, 3, 2, 1);
    let x = builder.relu(x);
    builder.conv(x, 4, 4, 4, 1);
    let operations = operations(&check(&mut builder));
    let product = operations.iter().position(|operation| *operation == "product").unwrap();
    assert_eq!(operations[product..], ["product", "view", "activation", "linear", "activation", "linear"]);
    assert_eq!(operations.iter().filter(|operation| **operation == "linear").count(), 5);
}

/// What is added to a product has a unit of its own; the gate gets the unit that this leaves it.
#[test]
fn an_excited_residual_connection() {
    let mut builder = Builder::new(8, 8);
    let mut x = stem(&mut builder);
    for _ in 0..2 {
        let branch = builder.conv(x, 8, 3, 1, 1);
        let branch = excited(&mut builder, branch);
        let sum = builder.push(Op::Add, &[branch, x]);
        x = builder.relu(sum);
    }
    builder.conv(x, 4, 8, 8, 1);
    let operations = operations(&check(&mut builder));
    assert_eq!(operations.iter().filter(|operation| **operation == "linear").count(), 8);
}

/// Where the gate has no unit of its own either, a map of ones is between.
#[test]
fn a_tensor_times_a_function_of_it_and_a_sum() {
    let mut builder = Builder::new(8, 8);
    let x = stem(&mut builder);
    let z = builder.conv(x, 8, 3, 1, 1);
    let gate = hard_sigmoid(&mut builder, z);
    let product = builder.push(Op::Multiply, &[z, gate]);
    let sum = builder.push(Op::Add, &[product, x]);
    let x = builder.relu(sum);
    builder.conv(x, 4, 8, 8, 1);
    let operations = operations(&check(&mut builder));
    assert_eq!(operations.iter().filter(|operation| **operation == "linear").count(), 4);
}

/// HardSwish.
#[test]
fn a_tensor_times_a_function_of_it() {
    let mut builder = Builder::new(8, 8);
    let mut x = builder.input();
    for _ in 0..3 {
        let z = builder.conv(x, 8, 3, 1, 1);
        let gate = hard_sigmoid(&mut builder, z);
        x = builder.push(Op::Multiply, &[z, gate]);
    }
    builder.conv(x, 4, 8, 8, 1);
    check(&mut builder);
}

#[test]
fn squares_and_products_of_products() {
    let mut builder = Builder::new(8, 8);
    let x = stem(&mut builder);
    let square = builder.push(Op::Multiply, &[x, x]);
    let other = builder.conv(x, 8, 1, 1, 1);
    let product = builder.push(Op::Multiply, &[square, other]);
    let product = excited(&mut builder, product);
    let joined = builder.push(Op::Concat, &[product, square, x]);
    builder.conv(joined, 4, 8, 8, 1);
    check(&mut builder);
}

/// A gate a pixel, repeated over the channels.
#[test]
fn a_gate_of_planes_is_repeated() {
    let mut builder = Builder::new(8, 8);
    let x = stem(&mut builder);
    let gate = builder.conv(x, 1, 3, 1, 1);
    let gate = hard_sigmoid(&mut builder, gate);
    let shape = builder.graph[x].shape;
    let [rows, columns] = [shape.height, shape.width].map(Axis::identity);
    let gate = builder.push(Op::View { channels: Axis::repeat(shape.channels), rows, columns }, &[gate]);
    let x = builder.push(Op::Multiply, &[x, gate]);
    builder.conv(x, 4, 8, 8, 1);
    check(&mut builder);
}

#[test]
fn a_product_may_be_pooled_activated_and_the_output() {
    let mut builder = Builder::new(8, 8);
    let x = stem(&mut builder);
    let z = builder.conv(x, 8, 1, 1, 1);
    let product = builder.push(Op::Multiply, &[x, z]);
    let x = builder.relu(product);
    let x = builder.push(Op::MaxPool(Window { stride: [2, 2], ..Window::new([2, 2]) }), &[x]);
    let x = excited(&mut builder, x);
    let compiled = check(&mut builder);
    assert_eq!((operations(&compiled).last(), compiled.report.exact), (Some(&"product"), true));
    let window = Window::new([4, 4]);
    builder.push(Op::AveragePool { window, count_include_pad: true }, &[x]);
    check(&mut builder);
}

/// Channels of very different magnitudes, in a format in which ranges ask for more fraction bits than there are.
#[test]
fn few_fraction_bits_make_the_gate_coarser() {
    let compiled = |format: Format| {
        let mut builder = Builder::new(8, 8);
        let x = stem(&mut builder);
        if let Op::Conv { weights, .. } = &mut builder.graph.nodes[1].op {
            weights.chunks_mut(27).enumerate().for_each(|(at, row)| {
                row.iter_mut().for_each(|weight| *weight *= (0.5f32).powi(at as i32));
            });
        }
        let z = builder.conv(x, 8, 1, 1, 1);
        let product = builder.push(Op::Multiply, &[z, x]);
        builder.conv(product, 4, 8, 8, 1);
        let images = builder.images(8);
        let options = CompileOptions { format: Some(format), ..options(&builder.graph) };
        let compiled = quietly(&builder.graph, &images, &options).unwrap();
        let error = error_of(&compiled, &lowered(&builder.graph, &BlockSpec::default()), &images);
        assert!(error < 0.01, "{format:?}: {error}");
        compiled
    };
    for format in [
        Format { narrow: 20, fraction: 10, window: 10 },
        Format { narrow: 16, fraction: 9, window: 9 },
        Format { narrow: 14, fraction: 14, window: 9 },
    ] {
        let compiled = compiled(format);
        let plan = Plan::parse(&compiled.plan).unwrap();
        let products = plan.nodes().filter_map(|(_, node)| match node.op {
            plan::Op::Product { fraction, .. } => Some(fraction),
            _ => None,
        });
        assert!(products.into_iter().all(|fraction| fraction <= format.fraction));
        // The search counts with as many bits as factors may have, and with scores that are rounded.
        let exact = 3 * plan.output().shape.len() as u64 * u64::from(format.fraction);
        assert!(compiled.report.chosen.bits >= cost::total(&plan).bits.total() - exact);
    }
}

/// Extensions of products are activations of their own: no channel of them decides.
#[test]
fn a_product_is_extended_and_takes_a_round_trip() {
    let mut builder = Builder::new(8, 8);
    let x = stem(&mut builder);
    let product = builder.push(Op::Multiply, &[x, x]);
    builder.conv(product, 4, 8, 8, 1);
    let compiled = check(&mut builder);
    let plan = Plan::parse(&compiled.plan).unwrap();
    let total = cost::total(&plan);
    assert_eq!((compiled.report.round_trips, total.round_trips), (3, 3));
    let extended = plan.nodes().filter(|(_, node)| match &node.op {
        plan::Op::Activation { channels, .. } => channels.iter().all(|channel| channel == Channel::Identity),
        _ => false,
    });
    assert_eq!(extended.count(), 1);
}
