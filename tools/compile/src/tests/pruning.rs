use std::collections::BTreeMap;

use brelu_core::plan::{Op as PlanOp, Plan};

use super::*;
use crate::prune::prune;

fn network() -> (Builder, BlockSpec) {
    let mut builder = Builder::new(8, 8);
    let input = builder.input();
    let first = builder.conv(input, 6, 3, 1, 1);
    let first = builder.relu(first);
    let second = builder.conv(first, 4, 3, 2, 1);
    let second = builder.relu(second);
    let name = builder.graph[first].name.clone();
    builder.conv(second, 5, 1, 1, 1);
    let sizes = vec![[1, 1], [1, 0], [0, 1], [1, 0], [2, 2], [1, 0]];
    (builder, BlockSpec { layers: BTreeMap::from([(name, sizes)]), ..BlockSpec::default() })
}

#[test]
fn zero_channels_are_neither_computed_nor_sent() {
    let (mut builder, spec) = network();
    let compiled = check_with(&mut builder, spec);
    let plan = Plan::parse(&compiled.plan).unwrap();
    let first = plan.nodes().find(|(_, node)| matches!(node.op, PlanOp::Linear { .. })).unwrap().1;
    assert_eq!(first.shape.channels, 3);
}

#[test]
fn a_pruned_network_computes_the_same() {
    let (mut builder, spec) = network();
    let whole = lower::lower(&builder.graph, &spec).unwrap();
    let pruned = prune(whole.clone()).unwrap();
    let image = builder.numbers.take(builder.graph.input_shape().len());
    let want = run::run(&whole, &image, &mut |_, _, _, _| ()).unwrap();
    let got = run::run(&pruned, &image, &mut |_, _, _, _| ()).unwrap();
    assert!(want.iter().zip(&got).all(|(want, got)| (want - got).abs() < 1e-5));
}

#[test]
fn channels_that_something_else_reads_stay() {
    let mut builder = Builder::new(6, 6);
    let input = builder.input();
    let first = builder.conv(input, 3, 3, 1, 1);
    let relu = builder.relu(first);
    let name = builder.graph[relu].name.clone();
    let sum = builder.push(Op::Add, &[relu, first]);
    builder.conv(sum, 2, 1, 1, 1);
    let spec =
        BlockSpec { layers: BTreeMap::from([(name, vec![[1, 0], [1, 1], [1, 1]])]), ..BlockSpec::default() };
    let whole = lower::lower(&builder.graph, &spec).unwrap();
    let pruned = prune(whole.clone()).unwrap();
    assert!(whole.nodes.iter().zip(&pruned.nodes).all(|(whole, pruned)| whole.shape == pruned.shape));
}
