use super::*;
use brelu_core::geometry::Conv2d;
use proptest::prelude::*;

#[test]
fn push_names_the_node() {
    let mut graph = Graph::new("g", "x", Shape::new(2, 3, 3)).unwrap();
    let op = Op::Conv { geometry: Conv2d::dense(18, 2), weights: vec![0.0; 36], bias: vec![0.0; 2] };
    let error = graph.push("fc", op.clone(), &[graph.input]).unwrap_err();
    assert_eq!(error.to_string(), "node \"fc\": reads 18x1x1 but is given 2x3x3");
    let flat = graph.push("flat", Op::Reshape(Shape::new(18, 1, 1)), &[graph.input]).unwrap();
    graph.push("fc", op, &[flat]).unwrap();
    assert_eq!(graph.output_shape(), Shape::new(2, 1, 1));
    assert_eq!(graph.check(), Ok(()));
    graph.nodes[1].shape = Shape::new(17, 1, 1);
    assert_eq!(graph.check().unwrap_err().node, "flat");
    graph.nodes[1].inputs = vec![NodeId(2)];
    assert_eq!(graph.check().unwrap_err().problem, "an input does not come before the node");
}

#[test]
fn absurd_shapes_are_refused() {
    assert!(Graph::new("g", "x", Shape::new(0, 1, 1)).is_err());
    assert!(Graph::new("g", "x", Shape::new(u32::MAX, u32::MAX, u32::MAX)).is_err());
    let mut graph = Graph::new("g", "x", Shape::new(1, 1, 1)).unwrap();
    let wide = Op::spatial_view(Shape::new(1, 1, 1), Axis::repeat(1 << 20), Axis::repeat(1 << 20));
    assert!(graph.push("wide", wide, &[graph.input]).is_err());
    let line = Shape::new(1, 1, 1 << 28);
    let mut graph = Graph::new("g", "x", line).unwrap();
    let geometry = Conv2d { input: line, out_channels: 1 << 20, pads: [u16::MAX; 4], ..Conv2d::dense(1, 1) };
    let conv = Op::Conv { geometry, weights: vec![0.0; 1 << 20], bias: vec![0.0; 1 << 20] };
    assert!(graph.push("conv", conv, &[graph.input]).unwrap_err().problem.ends_with("is too large"));
    let overflowing = Axis { len: 1, num: i64::MAX, add: i64::MAX, den: 1 };
    assert_eq!(overflowing.source(2, 9), None);
}

#[test]
fn windows() {
    let window = Window { stride: [2; 2], ..Window::new([3; 2]) };
    assert_eq!(window.output(6, 0), Some(2));
    let ceil = Window { ceil: true, ..window };
    assert_eq!(ceil.output(6, 0), Some(3));
    // The third window would start in the pad behind the input.
    let padded = Window { kernel: [2; 2], pads: [0, 0, 1, 1], ..ceil };
    assert_eq!(padded.output(3, 0), Some(2));
    assert_eq!(padded.output(4, 0), Some(2));
    assert_eq!(Window { pads: [3, 0, 0, 0], ..window }.output(6, 0), None);
}

proptest! {
    #[test]
    fn every_window_covers_something(
        kernel in 1u16..5, stride in 1u16..4, dilation in 1u16..4, before in 0u16..6, after in 0u16..6, ceil: bool,
        size in 1u32..12,
    ) {
        let window = Window {
            kernel: [kernel; 2], stride: [stride; 2], dilation: [dilation; 2], pads: [before, 0, after, 0], ceil,
        };
        if let Some(outputs) = window.output(size, 0) {
            for i in 0..outputs {
                prop_assert!(window.taps(i, size, 0).count() > 0);
                prop_assert!(window.taps(i, size, 0).count() <= window.padded_taps(i, size, 0));
            }
        }
    }

    #[test]
    fn joined_axes_read_the_same(
        len1 in 1u32..9, num1 in -2i64..3, add1 in -4i64..5, len2 in 1u32..9, num2 in -2i64..3, add2 in -4i64..5,
        den2 in 1i64..4, size in 1u32..9,
    ) {
        let first = Axis { len: len1, num: num1, add: add1, den: 1 };
        let second = Axis { len: len2, num: num2, add: add2, den: den2 };
        if let Some(both) = second.after(&first, size) {
            for i in 0..len2 {
                let twice = second.source(i, len1).and_then(|middle| first.source(middle, size));
                prop_assert_eq!(both.source(i, size), twice);
            }
        }
    }
}
