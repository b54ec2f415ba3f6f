//! The lowered network in `f32`: what a plan approximates.

use brelu_core::geometry::Shape;
use brelu_core::local;
use brelu_core::plan::{Channel, Local};
use brelu_core::protocol::multiply;

use super::CompileError;
use super::net::{Id, Net, Node, Op, Term};
use brelu_networks::activation::Activation;
use brelu_networks::blocks::passes;
use brelu_networks::graph;

/// Computes the output for one image and shows `observer` every node with its first input and its output.
pub(super) fn run(
    net: &Net,
    image: &[f32],
    observer: &mut impl FnMut(Id, &Node, &[f32], &[f32]),
) -> Result<Vec<f32>, CompileError> {
    let last = net.last_reads();
    let mut tensors: Vec<Vec<f32>> = Vec::with_capacity(net.nodes.len());
    for (id, node) in net.nodes.iter().enumerate() {
        let out = compute(net, node, image, &tensors)?;
        let first = node.op.inputs().first().map_or(image, |input| &tensors[*input]);
        observer(id, node, first, &out);
        tensors.push(out);
        for input in node.op.inputs() {
            if last[input] == id {
                tensors[input] = Vec::new();
            }
        }
    }
    Ok(tensors.pop().unwrap_or_default())
}

fn compute(net: &Net, node: &Node, image: &[f32], tensors: &[Vec<f32>]) -> Result<Vec<f32>, CompileError> {
    Ok(match &node.op {
        Op::Input => image.to_vec(),
        Op::Linear { terms, bias } => linear(terms, bias, node.shape, tensors)?,
        Op::Local(local) => alone(net, node, local, tensors),
        Op::Activation { input, channels, functions, .. } => {
            activate(&tensors[*input], node.shape, channels, functions)
        }
        Op::Product { inputs: [x, gate] } => multiply(&tensors[*x], &tensors[*gate]),
    })
}

fn alone(net: &Net, node: &Node, local: &Local<Id>, tensors: &[Vec<f32>]) -> Vec<f32> {
    let mut out = vec![0.0; node.shape.len()];
    local.planes(node.shape, 0, &mut out, |id| (net.shape(id), &tensors[id][..]));
    if node.divisor > 1 {
        out.iter_mut().for_each(|value| *value /= node.divisor as f32);
    }
    out
}

fn linear(
    terms: &[Term],
    bias: &[f32],
    shape: Shape,
    tensors: &[Vec<f32>],
) -> Result<Vec<f32>, CompileError> {
    let mut out = vec![0.0; shape.len()];
    for term in terms {
        let part = graph::run(&term.conv, &tensors[term.input])?;
        out.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    local::offset(&mut out, shape.plane(), bias.iter().copied());
    Ok(out)
}

fn multiply(x: &[f32], gate: &[f32]) -> Vec<f32> {
    let span = multiply::span(x.len(), gate.len());
    let planes = x.chunks(span).zip(gate);
    planes.flat_map(|(x, gate)| x.iter().map(move |x| x * gate)).collect()
}

fn activate(x: &[f32], shape: Shape, channels: &[Channel], functions: &[Activation]) -> Vec<f32> {
    let mut out = x.to_vec();
    for (plane, (channel, function)) in out.chunks_mut(shape.plane()).zip(channels.iter().zip(functions)) {
        match *channel {
            Channel::Identity => {}
            Channel::Zero => plane.fill(0.0),
            Channel::Blocks { height, width, .. } => {
                let knots = function.knots().iter();
                let above: Vec<_> =
                    knots.map(|knot| (knot.slope, passed(plane, knot.at, shape, [height, width]))).collect();
                let line = |z: &f32| function.offset() + function.slope() * z;
                plane.iter_mut().enumerate().for_each(|(at, z)| {
                    *z = line(z) + above.iter().map(|(slope, above)| slope * above[at]).sum::<f32>();
                });
            }
        }
    }
    out
}

/// A plane minus `at`, zero where the block's sum of that is negative.
fn passed(plane: &[f32], at: f32, shape: Shape, [height, width]: [u16; 2]) -> Vec<f32> {
    let mut moved: Vec<f32> = plane.iter().map(|value| value - at).collect();
    if [height, width] == [1, 1] {
        moved.iter_mut().for_each(|value| *value = value.max(0.0));
        return moved;
    }
    blocks(&mut moved, shape, height, width, |values, sum| {
        if !passes(sum) {
            values.fill(0.0);
        }
    });
    moved
}

/// Calls `visit` with every row of every block and the sum of its block.
fn blocks(plane: &mut [f32], shape: Shape, height: u16, width: u16, mut visit: impl FnMut(&mut [f32], f32)) {
    let line = shape.width as usize;
    for band in plane.chunks_mut(usize::from(height) * line) {
        let mut sums = vec![0.0; line.div_ceil(usize::from(width))];
        for row in band.chunks(line) {
            let sum = |values: &[f32]| values.iter().sum::<f32>();
            sums.iter_mut().zip(row.chunks(usize::from(width))).for_each(|(total, part)| *total += sum(part));
        }
        for row in band.chunks_mut(line) {
            row.chunks_mut(usize::from(width)).zip(&sums).for_each(|(part, sum)| visit(part, *sum));
        }
    }
}

/// The largest magnitude of a block's sum in one plane.
pub(super) fn largest_block(plane: &[f32], shape: Shape, height: u16, width: u16) -> f32 {
    let mut largest = 0f32;
    let mut plane = plane.to_vec();
    blocks(&mut plane, shape, height, width, |_, sum| largest = largest.max(sum.abs()));
    largest
}
