//! Random small networks compile, and compute what they did.

use super::*;
use brelu_networks::graph::{Axis, Window};
use proptest::prelude::*;

/// Appends the operation that `code` names to tensor `x`.
fn append(builder: &mut Builder, code: u8, x: NodeId, other: NodeId) -> NodeId {
    let shape = builder.graph[x].shape;
    let same = builder.graph[other].shape == shape;
    let plane = builder.graph[other].shape;
    let joins =
        (plane.height, plane.width) == (shape.height, shape.width) && shape.channels + plane.channels < 24;
    let large = shape.height >= 3 && shape.width >= 3;
    match code {
        0 => builder.conv(x, 4, 3, 1, 1),
        1 => builder.conv(x, 6, 1, 1, 1),
        2 => builder.conv(x, shape.channels, 3, 2, shape.channels),
        3 | 4 => builder.relu(x),
        5 => builder.push(Op::bounded_relu(1.0).unwrap(), &[x]),
        6 if same => builder.push(Op::Add, &[x, other]),
        7 if joins => builder.push(Op::Concat, &[other, x]),
        8 if large => builder.push(Op::MaxPool(Window { stride: [2, 2], ..Window::new([3, 2]) }), &[x]),
        9 if large => {
            let window = Window { stride: [1, 2], ..Window::new([2, 2]) };
            builder.push(Op::AveragePool { window, count_include_pad: true }, &[x])
        }
        10 => {
            let channels = Axis::pad(shape.channels, 1, -1);
            let columns = Axis::identity(shape.width);
            builder.push(Op::View { channels, rows: Axis::pad(shape.height, 1, 0), columns }, &[x])
        }
        11 if same => builder.push(Op::Multiply, &[x, other]),
        12 if plane == Shape::new(shape.channels, 1, 1) => builder.push(Op::Multiply, &[x, other]),
        13 => {
            let permutation =
                Permutation::new(&[shape.channels, shape.height, shape.width], &[2, 0, 1]).unwrap();
            let to = Shape::new(shape.width, shape.channels, shape.height);
            builder.push(Op::permuted(permutation, to), &[x])
        }
        14 => {
            let len = shape.width;
            let mirror = Axis { len, num: -1, add: i64::from(len) - 1, den: 1 };
            builder.push(Op::spatial_view(shape, Axis::identity(shape.height), mirror), &[x])
        }
        15 if large => {
            let window = Window { pads: [1; 4], ..Window::new([3, 2]) };
            builder.push(Op::AveragePool { window, count_include_pad: false }, &[x])
        }
        _ => x,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn networks_compile(codes in prop::collection::vec((0u8..=15, 0usize..8), 1..10)) {
        let mut builder = Builder::new(8, 7);
        for (code, back) in codes {
            let x = builder.graph.output;
            append(&mut builder, code, x, NodeId(x.0.saturating_sub(back)));
        }
        check_lowering(&mut builder);
        let images = builder.images(3);
        match quietly(&builder.graph, &images, &options(&builder.graph)) {
            Ok(compiled) if is_constant(&compiled) => {}
            Ok(compiled) => {
                let written = error_of(&compiled, &lowered(&builder.graph, &BlockSpec::default()), &images);
                let errors = [compiled.report.chosen.quality.error, written];
                let most = 0.05 + below_windows(&builder.graph, &images);
                prop_assert!(errors[0].max(errors[1]) < most, "{:?}, {}", errors, most);
            }
            Err(error) => prop_assert!(error.to_string().contains("mean"), "{}", error),
        }
    }
}

/// Whether all channels of the output are equal, so that errors have no spread to be compared with.
fn is_constant(compiled: &Compiled) -> bool {
    !compiled.report.chosen.quality.error.is_finite()
}

/// What comparisons do not see, relative to the spread of the outputs: a window of `w` bits holds the largest value of its
/// layer and ignores what is less than a share `2^(1-w)` of it. Much where outputs differ by what is hardly ever there.
fn below_windows(graph: &Graph, images: &[Vec<u8>]) -> f32 {
    let outputs_of = |id: usize| {
        let graph = Graph { output: NodeId(id), ..graph.clone() };
        let float =
            |image: &Vec<u8>| graph::run(&graph, &preprocess(graph.input_shape()).normalise(image)).unwrap();
        images.iter().map(float).collect::<Vec<_>>()
    };
    let values = (0..graph.nodes.len()).flat_map(outputs_of).flatten();
    let largest = values.fold(0.0, |most: f32, value| most.max(value.abs()));
    let unit = largest / f32::from(1u16 << (FINE.window - 1));
    unit / Reference::of(&outputs_of(graph.output.0), graph.output_shape()).spread as f32
}
