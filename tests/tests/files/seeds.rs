//! Plans that fuzzing starts from besides one of every operation: what nests deeply, works much, or is as wide as it may be.

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Axis, Channel, Edge, Knot, NodeId, Permutation, PiecewiseBuf};
use brelu_tests::build::Builder;

/// File names, and plans whose shapes alone make them what they are.
pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let pixel = Shape::new(1, 1, 1);
    let row = Shape::new(1, 1, 1 << 27);
    vec![
        ("all_kinds", all_kinds()),
        ("identities_nested", nested(Shape::new(2, 2, 3), 60, identity)),
        ("joins_nested", nested(Shape::new(1, 3, 3), 30, |builder, last| builder.concat(&[last, 0]))),
        ("knots", knots()),
        ("permutations_nested", nested(Shape::new(4, 6, 5), 30, turned)),
        ("pool_much_work", pooled(300, 200, 0, 300)),
        ("pool_overlapping", pooled(40, 9, 4, 40)),
        ("pool_too_much_work", pooled(2000, 2000, 0, 2)),
        ("rows_long", nested(Shape::new(1, 2, 9000), 5, moved)),
        ("rows_too_wide", nested(row, 9, same)),
        ("rows_wide", nested(row, 8, same)),
        ("sums_doubled", nested(pixel, 20, |builder, last| builder.add(last, last, false, 16))),
        ("sums_nested", nested(Shape::new(1, 2, 2), 60, |builder, last| builder.add(0, last, true, 16))),
        ("tables", tables()),
        ("views_nested", nested(pixel, 160, same)),
    ]
}

/// An activation of one linear map of everything so far.
fn ended(mut builder: Builder, last: NodeId) -> Vec<u8> {
    pointwise(&mut builder, last, 8, 8);
    builder.finish().0
}

fn pointwise(builder: &mut Builder, input: NodeId, bits: u8, fraction: u8) {
    let shape = builder.shape(input);
    let map = Conv2d { input: shape, ..Conv2d::dense(shape.channels, 1) };
    let weights = vec![0; map.weight_len()];
    let sum = builder.linear(&[(input, map, weights)], vec![0], bits, fraction);
    builder.activation(sum, 2 * bits, 4, &[Channel::relu(2)]);
}

fn nested(shape: Shape, times: usize, step: fn(&mut Builder, NodeId) -> NodeId) -> Vec<u8> {
    let mut builder = Builder::new(shape, 16);
    let last = (0..times).fold(0, |last, _| step(&mut builder, last));
    ended(builder, last)
}

fn same(builder: &mut Builder, last: NodeId) -> NodeId {
    builder.view(last, builder.shape(last), [Axis::SAME; 3], Edge::Clamp)
}

fn moved(builder: &mut Builder, last: NodeId) -> NodeId {
    let axes = [Axis::SAME, Axis::SAME, Axis::slice(-3, 1)];
    builder.view(last, builder.shape(last), axes, Edge::Zero)
}

/// The first axis behind the others, and those of space before the channels of an image that is twice as large.
fn turned(builder: &mut Builder, last: NodeId) -> NodeId {
    let columns = Permutation::new(&[4, 30], &[1, 0]).unwrap();
    let moved = builder.permute(last, Shape::new(6, 5, 4), columns);
    let to_space = Permutation::new(&[2, 2, 6, 5], &[2, 0, 3, 1]).unwrap();
    builder.permute(moved, Shape::new(4, 6, 5), to_space)
}

fn identity(builder: &mut Builder, last: NodeId) -> NodeId {
    let passed = builder.activation(last, 18, 4, &[Channel::Identity; 2]);
    same(builder, passed)
}

fn pooled(size: u32, kernel: u16, pads: u16, out: u32) -> Vec<u8> {
    let mut builder = Builder::new(Shape::new(1, size, size), 16);
    let sums = builder.sum_pool(0, [kernel; 2], [1; 2], [pads; 2], [out; 2]);
    ended(builder, sums)
}

/// A comparison window as wide as it may be.
fn tables() -> Vec<u8> {
    let mut builder = Builder::new(Shape::new(1, 8, 8), 24);
    let wide = builder.activation(0, 30, 11, &[Channel::relu(5)]);
    pointwise(&mut builder, wide, 12, 12);
    builder.finish().0
}

/// Functions of two knots, one of them decided by blocks.
fn knots() -> Vec<u8> {
    let mut builder = Builder::new(Shape::new(2, 4, 4), 14);
    let function = PiecewiseBuf::new(1, 3, &[Knot { at: -8, slope: 1 }, Knot { at: 40, slope: -2 }]).unwrap();
    let blocks = Channel::Blocks { height: 2, width: 4, lo: 1 };
    let bent = builder.piecewise(0, 18, 6, &[(blocks, function.clone()), (Channel::relu(2), function)]);
    ended(builder, bent)
}

fn all_kinds() -> Vec<u8> {
    let mut builder = Builder::new(Shape::new(2, 6, 6), 16);
    let map = Conv2d { input: builder.shape(0), kernel: [3, 3], pads: [1; 4], ..Conv2d::dense(2, 3) };
    let z = builder.linear(&[(0, map, vec![0; map.weight_len()])], vec![0; 3], 8, 8);
    let blocks = Channel::Blocks { height: 2, width: 4, lo: 1 };
    let y = builder.activation(z, 16, 4, &[Channel::relu(2), blocks, Channel::Identity]);
    let sums = builder.sum_pool(y, [3, 2], [2, 1], [1, 0], [3, 5]);
    let flat = builder.flatten(sums);
    let moved = builder.offset(flat, vec![0; 45]);
    ended(builder, moved)
}
