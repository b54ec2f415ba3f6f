//! Random operations and networks for tests.

use std::ops::Range;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::local::Permutation;
use proptest::prelude::*;

use super::{Axis, Graph, NodeId, Op, Window};
use crate::activation::Activation;

/// Most elements of a tensor of [`networks`].
const MAX_LEN: usize = 4096;

/// Numbers from -1 to 1 that repeat late.
pub fn values(len: usize, seed: usize) -> Vec<f32> {
    (0..len).map(|i| (((i + seed) * 37 + 11) % 101) as f32 / 50.0 - 1.0).collect()
}

/// A network of one operation.
pub fn single(shape: Shape, op: Op) -> Graph {
    let mut graph = Graph::new("g", "x", shape).unwrap();
    graph.push("y", op, &[graph.input]).unwrap();
    graph
}

/// Whether two results are equal but for rounding.
pub fn close(got: &[f32], expected: &[f32]) -> bool {
    let largest = expected.iter().fold(1.0f32, |largest, value| largest.max(value.abs()));
    got.len() == expected.len()
        && got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-4 * largest)
}

/// A convolution of every kind.
pub fn geometry() -> impl Strategy<Value = Conv2d> {
    let sizes = (1u32..4, 1u32..4, 1u32..4, 1u32..13, 1u32..13);
    (sizes, kernel(), prop::array::uniform4(0u16..4))
        .prop_map(|((groups, ins, outs, height, width), [kernel, stride, dilation], pads)| Conv2d {
            input: Shape::new(groups * ins, height, width),
            out_channels: groups * outs,
            groups,
            kernel,
            stride,
            dilation,
            pads,
        })
        .prop_filter("possible", |geometry| geometry.output().is_some())
}

/// Sizes of a kernel, its steps and the distances of its elements.
fn kernel() -> impl Strategy<Value = [[u16; 2]; 3]> {
    let pair = |range: Range<u16>| prop::array::uniform2(range);
    (pair(1..4), pair(1..3), pair(1..3)).prop_map(|(kernel, stride, dilation)| [kernel, stride, dilation])
}

fn any_window() -> impl Strategy<Value = Window> {
    let kernel =
        (prop::array::uniform2(1u16..4), prop::array::uniform2(1u16..4), prop::array::uniform2(1u16..3));
    (kernel, prop::array::uniform4(0u16..3), any::<bool>())
        .prop_map(|((kernel, stride, dilation), pads, ceil)| Window { kernel, stride, dilation, pads, ceil })
}

/// A pooling window of every kind and an input it fits.
pub fn window() -> impl Strategy<Value = (Window, Shape)> {
    (any_window(), 1u32..9, 1u32..9)
        .prop_map(|(window, height, width)| (window, Shape::new(2, height, width)))
        .prop_filter("possible", |(window, shape)| Op::MaxPool(*window).output(&[*shape]).is_ok())
}

/// Slices, pads, repetitions, mirrors: channels, rows and columns for an input of up to 4 x 6 x 6.
pub fn axes() -> impl Strategy<Value = [Axis; 3]> {
    prop::array::uniform3((1u32..7, -2i64..3, -5i64..6, 1i64..4))
        .prop_map(|axes| axes.map(|(len, num, add, den)| Axis { len, num, add, den }))
}

/// Batch normalisation of `channels` channels.
pub fn batch_norm(channels: usize, seed: usize) -> Op {
    Op::BatchNorm {
        scale: values(channels, seed),
        shift: values(channels, seed + 1),
        mean: values(channels, seed + 2),
        variance: values(channels, seed + 3).iter().map(|value| value.abs() + 0.1).collect(),
        epsilon: 0.001 * seed as f32,
    }
}

/// An operation before it knows what it reads.
#[derive(Clone, Debug)]
enum Piece {
    Conv {
        groups: bool,
        outputs: u32,
        kernel: [[u16; 2]; 3],
        pads: [u16; 4],
    },
    BatchNorm(usize),
    Affine(usize),
    Flatten,
    /// Rows, columns and halves of the channels in another order.
    Permute(Vec<u8>),
    /// Whatever it reads.
    Op(Op),
}

fn piece() -> impl Strategy<Value = Piece> {
    let conv = (any::<bool>(), 1u32..4, kernel(), prop::array::uniform4(0u16..3))
        .prop_map(|(groups, outputs, kernel, pads)| Piece::Conv { groups, outputs, kernel, pads });
    let activation = prop_oneof![Just(None), (0.1f32..2.0).prop_map(Some)]
        .prop_map(|bound| Piece::Op(Op::Activation(Activation::relu_up_to(bound).into())));
    let average = (any_window(), any::<bool>())
        .prop_map(|(window, count_include_pad)| Piece::Op(Op::AveragePool { window, count_include_pad }));
    let view = |[channels, rows, columns]: [Axis; 3]| Piece::Op(Op::View { channels, rows, columns });
    prop_oneof![
        4 => conv,
        2 => (0usize..9).prop_map(Piece::BatchNorm),
        1 => (0usize..9).prop_map(Piece::Affine),
        4 => activation,
        2 => Just(Piece::Op(Op::Add)),
        2 => Just(Piece::Op(Op::Concat)),
        2 => Just(Piece::Op(Op::Multiply)),
        1 => any_window().prop_map(|window| Piece::Op(Op::MaxPool(window))),
        1 => average,
        2 => axes().prop_map(view),
        1 => Just(Piece::Flatten),
        2 => Just(vec![0, 1, 2, 3]).prop_shuffle().prop_map(Piece::Permute),
    ]
}

impl Piece {
    fn op(&self, x: Shape) -> Op {
        let channels = x.channels as usize;
        match self {
            Self::Conv { groups, outputs, kernel: [kernel, stride, dilation], pads } => {
                let groups = if *groups { x.channels } else { 1 };
                let geometry = Conv2d {
                    input: x,
                    out_channels: groups * outputs,
                    groups,
                    kernel: *kernel,
                    stride: *stride,
                    dilation: *dilation,
                    pads: *pads,
                };
                let weights =
                    values(geometry.weight_len(), x.len()).iter().map(|weight| weight / 2.0).collect();
                Op::Conv { geometry, weights, bias: values(geometry.out_channels as usize, 5) }
            }
            Self::BatchNorm(seed) => batch_norm(channels, *seed),
            Self::Affine(seed) => {
                Op::Affine { scale: values(channels, *seed), shift: values(channels, seed + 4) }
            }
            Self::Flatten => Op::Reshape(x.flat()),
            Self::Permute(order) => {
                let half = if x.channels.is_multiple_of(2) { 2 } else { 1 };
                let dims = [half, x.channels / half, x.height, x.width];
                let [a, b, c, d] = [0, 1, 2, 3].map(|axis: usize| dims[usize::from(order[axis])]);
                let permutation = Permutation::new(&dims, order).unwrap();
                Op::permuted(permutation, Shape::new(a * b, c, d))
            }
            Self::Op(op) => op.clone(),
        }
    }

    const fn reads_two(&self) -> bool {
        matches!(self, Self::Op(Op::Add | Op::Multiply | Op::Concat))
    }
}

/// Small networks of every operation. A node reads the one before it and, where it reads two, an earlier one.
pub fn networks() -> impl Strategy<Value = Graph> {
    let pieces = prop::collection::vec((piece(), 0usize..6), 1..12);
    (pieces, 1u32..4, 1u32..9, 1u32..9).prop_map(|(pieces, channels, height, width)| {
        let mut graph = Graph::new("random", "the image", Shape::new(channels, height, width)).unwrap();
        for (number, (piece, back)) in pieces.iter().enumerate() {
            append(&mut graph, format!("layer/{number}"), piece, *back);
        }
        graph
    })
}

/// Appends what fits.
fn append(graph: &mut Graph, name: String, piece: &Piece, back: usize) {
    let x = graph.output;
    let other = NodeId(x.0.saturating_sub(back));
    let inputs = if piece.reads_two() { vec![x, other] } else { vec![x] };
    let op = piece.op(graph[x].shape);
    let shapes: Vec<Shape> = inputs.iter().map(|id| graph[*id].shape).collect();
    if op.output(&shapes).is_ok_and(|shape| shape.len() <= MAX_LEN) {
        graph.push(name, op, &inputs).unwrap();
    }
}
