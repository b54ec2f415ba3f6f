//! Outputs that are opened without rounding, and those that cannot be.

use brelu_core::plan::{self, Channel, ColourOrder, Fit, Header};
use brelu_host::weights::{NodeWeights, Weights};

use super::*;
use crate::exact::exact;
use brelu_networks::graph::Window;

const F: u8 = 6;
const N: u8 = 12;
const SIDE: u32 = 4;

/// Networks whose last operations follow a ReLU.
fn last(build: impl FnOnce(&mut Builder, NodeId) -> NodeId) -> Compiled {
    let mut builder = Builder::new(8, 8);
    let x = builder.conv(builder.input(), 4, 3, 1, 1);
    let x = builder.relu(x);
    build(&mut builder, x);
    check(&mut builder)
}

/// Rings and fractions of the linear nodes.
fn linears(compiled: &Compiled) -> Vec<[u8; 2]> {
    let plan = Plan::parse(&compiled.plan).unwrap();
    let format = |(_, node): (_, plan::Node<'_>)| match node.op {
        plan::Op::Linear { fraction, .. } => Some([node.bits, fraction]),
        _ => None,
    };
    plan.nodes().filter_map(format).collect()
}

#[test]
fn scores_are_exact() {
    let rounded = [FINE.narrow, FINE.fraction];
    let dense = last(|builder, x| builder.conv(x, 5, 8, 8, 1));
    assert!(dense.report.exact);
    assert_eq!(linears(&dense), [rounded, [FINE.wide(), 0]]);
    let means = last(|builder, x| {
        let parts = [builder.conv(x, 5, 3, 2, 1), builder.conv(x, 5, 1, 2, 1)];
        let joined = builder.push(Op::Concat, &parts);
        let window = Window { stride: [2, 2], ..Window::new([2, 2]) };
        builder.push(Op::AveragePool { window, count_include_pad: true }, &[joined])
    });
    assert!(means.report.exact);
    assert_eq!(linears(&means), [rounded, [FINE.wide(), 0], [FINE.wide(), 0]]);
}

#[test]
fn what_else_is_read_or_no_linear_map_is_rounded_as_before() {
    let rounded = [FINE.narrow, FINE.fraction];
    let residual = last(|builder, x| {
        let branch = builder.conv(x, 4, 3, 1, 1);
        builder.push(Op::Add, &[branch, x])
    });
    let activated = last(|builder, x| {
        let z = builder.conv(x, 4, 3, 1, 1);
        builder.relu(z)
    });
    let both = last(|builder, x| {
        let z = builder.conv(x, 4, 3, 1, 1);
        let y = builder.relu(z);
        let y = builder.conv(y, 4, 3, 1, 1);
        builder.push(Op::Concat, &[z, y])
    });
    for compiled in [residual, activated, both] {
        assert!(!compiled.report.exact);
        assert!(linears(&compiled).iter().all(|linear| *linear == rounded));
    }
}

/// `view(2 (x w1 + b1) + offset - (x w2 + b2))` under another shape, and its constants.
fn by_hand() -> (Vec<u8>, Weights) {
    use plan::{Local, Op};
    let shape = Shape::new(2, SIDE, SIDE);
    let map = Conv2d {
        input: shape,
        out_channels: 2,
        groups: 2,
        kernel: [1; 2],
        stride: [1; 2],
        dilation: [1; 2],
        pads: [0; 4],
    };
    let node = |bits, op| plan::Node { name: "", shape, bits, op };
    let linear = || Op::Linear { terms: [plan::Term { input: 0, map }].into_iter().collect(), fraction: F };
    let axes = [plan::Axis::SAME, plan::Axis::SAME, plan::Axis::slice(1, 1)];
    let turned = plan::Picks { axes, edge: plan::Edge::Zero };
    let nodes = [
        node(N + F, Op::Input),
        node(N, linear()),
        node(N, linear()),
        node(N, Local::Add { inputs: [1, 1], subtract: false }.into()),
        node(N, Local::Offset { input: 3 }.into()),
        node(N, Local::Add { inputs: [4, 2], subtract: true }.into()),
        node(N, Local::View { input: 5, picks: turned }.into()),
        plan::Node {
            shape: Shape::new(shape.len() as u32, 1, 1),
            ..node(N, Local::Reshape { input: 6 }.into())
        },
    ];
    let fit = plan::Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine: Default::default() };
    let mut file = vec![0; 1 << 12];
    let len = plan::write(&Header { output_scale: 0.5, ..Header::new("", fit) }, &nodes, &mut file).unwrap();
    file.truncate(len);
    let constants = vec![
        (1, NodeWeights::Linear { terms: vec![vec![37, -5]], bias: vec![100, -31] }),
        (2, NodeWeights::Linear { terms: vec![vec![-21, 12]], bias: vec![7, 64] }),
        (4, NodeWeights::Offset(vec![3, -50])),
    ];
    let weights = Weights::new(&Plan::parse(&file).unwrap(), constants).unwrap();
    (file, weights)
}

#[test]
fn every_local_operation_passes_it_on() {
    let (file, weights) = by_hand();
    let rounded = Plan::parse(&file).unwrap();
    let (file, constants) = exact(&rounded, &weights).unwrap().unwrap();
    let plan = Plan::parse(&file).unwrap();
    assert_eq!((plan.output().bits, plan.header().output_scale), (N + F, 0.5 / f32::from(1u8 << F)));
    let input: Vec<u32> = (0..2 * SIDE * SIDE).map(|at| (at * 29 % 101).wrapping_sub(50)).collect();
    let got = Simulator::new(&plan, &constants).unwrap().run(&input, 1).unwrap().output;
    let about = Simulator::new(&rounded, &weights).unwrap().run(&input, 1).unwrap().output;
    for (at, (got, about)) in got.iter().zip(about).enumerate() {
        let (channel, column) = (at / (SIDE * SIDE) as usize, at as u32 % SIDE);
        let x = if column + 1 == SIDE { None } else { Some(input[at + 1] as i32) };
        let want = x.map_or(0, |x| match channel {
            0 => 2 * (37 * x + 100) + (3 << F) - (-21 * x + 7),
            _ => 2 * (-5 * x - 31) - (50 << F) - (12 * x + 64),
        });
        assert_eq!(*got, want, "element {at}");
        assert!((about * (1 << F) - want).abs() <= 9 << (F - 1), "element {at}: {about} units");
    }
    assert!(
        exact(&plan, &constants).unwrap().is_some_and(|(again, _)| again == file),
        "nothing is left to drop"
    );
}

#[test]
fn an_accumulator_that_others_read_stays() {
    let (file, weights) = by_hand();
    let plan = Plan::parse(&file).unwrap();
    let mut nodes: Vec<_> = plan.nodes().map(|(_, node)| node).collect();
    let records = Channel::relu(2).record().repeat(2);
    let channels = plan::Channels::relu(&records);
    nodes.insert(
        6,
        plan::Node { op: plan::Op::Activation { input: 2, window: 6, channels }, ..nodes[5].clone() },
    );
    nodes[8].op = plan::Local::Reshape { input: 7 }.into();
    let mut file = vec![0; 1 << 12];
    let len = plan::write(plan.header(), &nodes, &mut file).unwrap();
    let plan = Plan::parse(&file[..len]).unwrap();
    assert!(exact(&plan, &weights).unwrap().is_none());
}
