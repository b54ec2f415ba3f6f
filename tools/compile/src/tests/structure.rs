//! Scales, rings and the order of nodes.

use super::*;
use crate::net;
use crate::ties::{Ties, USUAL};
use brelu_networks::graph::{Axis, Window};

fn find(net: &Net, name: &str) -> net::Id {
    net.nodes.iter().position(|node| node.name == name).unwrap()
}

#[test]
fn residual_sums_tie_and_linear_maps_do_not() {
    let mut builder = Builder::new(6, 6);
    let stem = builder.conv(builder.input(), 4, 3, 1, 1);
    let stem = builder.relu(stem);
    let branch = builder.conv(stem, 4, 3, 1, 1);
    let sum = builder.push(Op::Add, &[branch, stem]);
    let x = builder.relu(sum);
    builder.conv(x, 4, 1, 1, 1);
    let net = lowered(&builder.graph, &BlockSpec::default());
    let ties = Ties::new(&net, USUAL).unwrap();
    let class = |name, channel| ties.class(find(&net, name), channel).0;
    assert_eq!(class("conv1", 2), class("activation5", 2));
    assert_eq!(class("conv1", 2), class("conv3", 2));
    assert_ne!(class("conv1", 2), class("conv1", 1));
    assert_ne!(class("conv6", 2), class("activation5", 2));
    assert_eq!(class("conv6", 0), class("conv6", 3), "outputs share a scale");
    assert_ne!(class("input", 0), class("input", 1));
}

#[test]
fn means_have_a_part_of_the_scale_and_flattening_ties_pixels() {
    let mut builder = Builder::new(4, 4);
    let x = builder.relu(builder.input());
    let window = Window { stride: [2, 2], ..Window::new([2, 2]) };
    let x = builder.push(Op::AveragePool { window, count_include_pad: true }, &[x]);
    let x = builder.push(Op::Reshape(Shape::new(12, 1, 1)), &[x]);
    builder.conv(x, 2, 1, 1, 1);
    let net = lowered(&builder.graph, &BlockSpec::default());
    let ties = Ties::new(&net, USUAL).unwrap();
    let (relu, relu_factor) = ties.class(find(&net, "activation1"), 1);
    for pixel in 4..8 {
        let (flat, factor) = ties.class(find(&net, "reshape3"), pixel);
        assert_eq!(flat, relu);
        assert!((factor / relu_factor - 0.25).abs() < 1e-12);
    }
    assert_ne!(ties.class(find(&net, "reshape3"), 8).0, relu);
}

#[test]
fn contradicting_scales_are_refused() {
    let mut builder = Builder::new(4, 4);
    let x = builder.relu(builder.input());
    let window = Window::new([4, 4]);
    let mean = builder.push(Op::AveragePool { window, count_include_pad: true }, &[x]);
    let spread = Op::spatial_view(Shape::new(3, 1, 1), Axis::repeat(4), Axis::repeat(4));
    let spread = builder.push(spread, &[mean]);
    builder.push(Op::Add, &[x, spread]);
    let net = lowered(&builder.graph, &BlockSpec::default());
    assert!(Ties::new(&net, USUAL).is_err());
}

#[test]
fn independent_activations_share_a_round_trip() {
    let mut builder = Builder::new(6, 6);
    let mut parts = Vec::new();
    for _ in 0..3 {
        let x = builder.conv(builder.input(), 4, 1, 1, 1);
        let x = builder.relu(x);
        let x = builder.conv(x, 4, 3, 1, 1);
        parts.push(builder.relu(x));
    }
    let x = builder.push(Op::Concat, &parts);
    builder.conv(x, 4, 1, 1, 1);
    assert_eq!(check(&mut builder).report.round_trips, 2);
}

#[test]
fn what_nobody_reads_is_left_out() {
    let mut builder = Builder::new(6, 6);
    let x = builder.conv(builder.input(), 4, 1, 1, 1);
    let dead = builder.relu(x);
    builder.conv(dead, 4, 1, 1, 1);
    builder.graph.output = x;
    assert_eq!(operations(&check(&mut builder)), ["input", "linear"]);
}

#[test]
fn many_parts_are_joined_in_steps() {
    let mut builder = Builder::new(4, 4);
    let parts: Vec<NodeId> = (0..20).map(|_| builder.conv(builder.input(), 2, 1, 1, 1)).collect();
    let x = builder.push(Op::Concat, &parts);
    builder.relu(x);
    check(&mut builder);
}
