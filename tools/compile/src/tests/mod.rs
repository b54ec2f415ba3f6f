//! Compiled networks against the float executor.

mod cifar;
mod errors;
mod exact;
mod operations;
mod pooling;
mod products;
mod pruning;
mod published;
mod quality;
mod random;
mod ranges;
mod resizing;
mod smooth;
mod structure;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::local::Permutation;
use brelu_core::plan::{ColourOrder, Plan};

use super::net::Net;
use super::quality::{Quality, Reference};
use super::{
    BlockSpec, CompileError, CompileOptions, Compiled, Criterion, Format, compile, lower, order, run, widths,
};
use crate::simulate::{Simulator, quantise_input};
use brelu_data::Preprocess;
use brelu_networks::graph::{self, Graph, NodeId, Op};

/// A format in which only mistakes show.
const FINE: Format = Format { narrow: 18, fraction: 14, window: 11 };

/// A reproducible sequence of numbers in -1 .. 1.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn take(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.next()).collect()
    }

    fn pixels(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next() * 127.0 + 128.0) as u8).collect()
    }
}

/// A graph under construction, with random weights.
pub(super) struct Builder {
    pub(super) graph: Graph,
    numbers: Numbers,
}

impl Builder {
    pub(super) fn new(height: u32, width: u32) -> Self {
        let graph = Graph::new("test", "input", Shape::new(3, height, width)).unwrap();
        Self { graph, numbers: Numbers(7) }
    }

    pub(super) fn input(&self) -> NodeId {
        self.graph.input
    }

    pub(super) fn push(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
        let name = format!("{}{}", op.name().to_lowercase(), self.graph.nodes.len());
        self.graph.push(name, op, inputs).unwrap()
    }

    pub(super) fn relu(&mut self, x: NodeId) -> NodeId {
        self.push(Op::relu(), &[x])
    }

    /// A convolution that keeps the map's size if `kernel` is odd.
    pub(super) fn conv(&mut self, x: NodeId, outputs: u32, kernel: u16, stride: u16, groups: u32) -> NodeId {
        let pad = kernel / 2;
        let geometry = Conv2d {
            input: self.graph[x].shape,
            out_channels: outputs,
            groups,
            kernel: [kernel; 2],
            stride: [stride; 2],
            dilation: [1; 2],
            pads: [pad; 4],
        };
        let gain = 2.0 / (geometry.fan_in() as f32).sqrt();
        let weights =
            self.numbers.take(geometry.weight_len()).into_iter().map(|weight| weight * gain).collect();
        let bias = self.numbers.take(outputs as usize).into_iter().map(|bias| bias * 0.2).collect();
        self.push(Op::Conv { geometry, weights, bias }, &[x])
    }

    pub(super) fn images(&mut self, count: usize) -> Vec<Vec<u8>> {
        let len = self.graph.input_shape().len();
        (0..count).map(|_| self.numbers.pixels(len)).collect()
    }
}

fn preprocess(input: Shape) -> Preprocess {
    let mut preprocess = Preprocess::raw(input.height, input.width, ColourOrder::Rgb);
    (preprocess.divide_by, preprocess.mean, preprocess.std) = (255.0, [0.5, 0.45, 0.4], [0.25, 0.2, 0.3]);
    preprocess
}

pub(super) fn options(graph: &Graph) -> CompileOptions {
    let criterion = Criterion { accept_error: Some(f32::INFINITY), ..Criterion::default() };
    let options = CompileOptions::new(preprocess(graph.input_shape()));
    CompileOptions { format: Some(FINE), criterion, ..options }
}

pub(super) fn quietly(
    graph: &Graph,
    pixels: &[Vec<u8>],
    options: &CompileOptions,
) -> Result<Compiled, CompileError> {
    compile(graph, pixels, options, &mut |_| ())
}

fn lowered(graph: &Graph, spec: &BlockSpec) -> Net {
    let (net, output) = widths::assign(&lower::lower(graph, spec).unwrap());
    order::by_depth(net, output)
}

/// The lowered network computes what the graph does.
fn check_lowering(builder: &mut Builder) {
    let graph = &builder.graph;
    let net = lowered(graph, &BlockSpec::default());
    let image = builder.numbers.take(graph.input_shape().len());
    let want = graph::run(graph, &image).unwrap();
    let got = run::run(&net, &image, &mut |_, _, _, _| ()).unwrap();
    assert_eq!(want.len(), got.len());
    let largest = want.iter().fold(1f32, |largest, value| largest.max(value.abs()));
    for (want, got) in want.iter().zip(&got) {
        assert!((want - got).abs() <= 1e-4 * largest, "lowered {got}, graph {want}");
    }
}

/// The lowered network computes what the graph does, and the plan computes what the lowered network does.
fn check(builder: &mut Builder) -> Compiled {
    check_lowering(builder);
    check_with(builder, BlockSpec::default())
}

fn check_with(builder: &mut Builder, spec: BlockSpec) -> Compiled {
    check_within(builder, spec, 0.01)
}

fn check_within(builder: &mut Builder, spec: BlockSpec, most: f32) -> Compiled {
    let images = builder.images(8);
    let net = lowered(&builder.graph, &spec);
    let options = CompileOptions { spec, ..options(&builder.graph) };
    let compiled = quietly(&builder.graph, &images, &options).unwrap();
    let error = compiled.report.chosen.quality.error;
    assert!(error < most, "relative error {error}");
    let error = error_of(&compiled, &net, &images);
    assert!(error < most, "relative error {error} of what was written");
    compiled
}

/// The relative error of plan and weights, simulated, where `net` is exact.
fn error_of(compiled: &Compiled, net: &Net, images: &[Vec<u8>]) -> f32 {
    let plan = Plan::parse(&compiled.plan).unwrap();
    let (header, input) = (plan.header(), plan.input().shape);
    let simulator = Simulator::new(&plan, &compiled.weights).unwrap();
    let float = |image: &Vec<u8>| {
        let normal = preprocess(input).normalise(image);
        run::run(net, &normal, &mut |_, _, _, _| ()).unwrap()
    };
    let wanted: Vec<Vec<f32>> = images.iter().map(float).collect();
    let pair = |(image, want): (&Vec<u8>, _)| {
        let units = quantise_input(&header.preprocess, input.plane(), image);
        let output = simulator.run(&units, 1).unwrap().output;
        (want, output.into_iter().map(|value| value as f32 * header.output_scale).collect())
    };
    let pairs: Vec<_> = images.iter().zip(wanted.iter().map(Vec::as_slice)).map(pair).collect();
    Reference::of(&wanted, plan.output().shape).compare(&pairs).quality().error
}

/// Short names of the plan's operations.
fn operations(compiled: &Compiled) -> Vec<&'static str> {
    use brelu_core::plan::{Local, Op};
    let plan = Plan::parse(&compiled.plan).unwrap();
    let name = |op: Op<'_>| match op {
        Op::Input => "input",
        Op::Linear { .. } => "linear",
        Op::Local(Local::Add { .. }) => "add",
        Op::Local(Local::Offset { .. }) => "offset",
        Op::Local(Local::Concat { .. }) => "concat",
        Op::Local(Local::SumPool { .. }) => "sum",
        Op::Local(Local::View { .. }) => "view",
        Op::Local(Local::Reshape { .. }) => "reshape",
        Op::Local(Local::Shift { .. }) => "shift",
        Op::Local(Local::Permute { .. }) => "permute",
        Op::Activation { .. } => "activation",
        Op::Product { .. } => "product",
    };
    plan.nodes().map(|(_, node)| name(node.op)).collect()
}
