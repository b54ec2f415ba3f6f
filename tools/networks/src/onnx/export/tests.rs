use super::super::{ImportOptions, import};
use super::*;
use crate::activation::{Activation, Functions, Knot};
use crate::graph::random::{batch_norm, networks, values};
use crate::graph::{Axis, Op, Window, run};
use brelu_core::geometry::Conv2d;
use proptest::prelude::*;

fn again(graph: &Graph) -> Graph {
    import(&export(graph).unwrap(), &ImportOptions::default()).unwrap().graph
}

fn start(shape: Shape) -> Graph {
    Graph::new("g", "x", shape).unwrap()
}

fn operators(model: &ModelProto) -> Vec<&str> {
    model.graph.as_ref().unwrap().node.iter().map(|node| node.op_type.as_str()).collect()
}

/// Activations that the output depends on: name and shape.
fn activations(graph: &Graph) -> Vec<(String, Shape)> {
    let writer = Writer::new(graph).unwrap();
    let live = graph.iter().filter(|(id, node)| writer.is_live(*id) && node.op.is_activation());
    live.map(|(_, node)| (node.name.clone(), node.shape)).collect()
}

/// Products that the output depends on.
fn products(graph: &Graph) -> usize {
    let writer = Writer::new(graph).unwrap();
    graph.iter().filter(|(id, node)| writer.is_live(*id) && matches!(node.op, Op::Multiply)).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_file_computes_the_same(graph in networks()) {
        let copy = again(&graph);
        prop_assert_eq!((graph.input_shape(), graph.output_shape()), (copy.input_shape(), copy.output_shape()));
        let x = values(graph.input_shape().len(), 2);
        let (got, want) = (run(&copy, &x).unwrap(), run(&graph, &x).unwrap());
        if products(&graph) == products(&copy) {
            prop_assert_eq!(activations(&graph), activations(&copy));
            prop_assert_eq!(got, want);
        } else {
            // A product of functions of one tensor is read as one function of it, which rounds once.
            let close = |(got, want): (&f32, &f32)| (got - want).abs() <= 1e-5 * want.abs().max(1.0);
            prop_assert!(got.iter().zip(&want).all(close), "{:?} {:?}", got, want);
        }
    }

    #[test]
    fn positions_of_a_line_are_recognised(
        len in 1u32..40, num in -9i64..10, den in 1i64..12, add in 0i64..50,
    ) {
        let axis = Axis { len, num, add: add - num.min(0) * i64::from(len), den };
        let sources: Vec<u32> = axis.sources(u32::MAX).flatten().collect();
        let found = Axis::through(&sources).unwrap();
        prop_assert!(found.sources(u32::MAX).eq(sources.iter().map(|source| Some(*source))));
        prop_assert!(found.den <= i64::from(len));
    }
}

#[test]
fn other_positions_are_no_line() {
    for sources in [&[0, 0, 0, 1, 2][..], &[0, 2, 1], &[1, 1, 2, 2, 2, 2, 3, 4], &[]] {
        assert_eq!(Axis::through(sources), None, "{sources:?}");
    }
}

#[test]
fn a_classifier_is_written_as_other_tools_expect() {
    let mut graph = start(Shape::new(3, 4, 4));
    let geometry = Conv2d::square(Shape::new(3, 4, 4), 2, 3, 1, 1);
    let weights = values(geometry.weight_len(), 0);
    let mut top =
        graph.push("conv", Op::Conv { geometry, weights, bias: vec![0.0; 2] }, &[graph.input]).unwrap();
    top = graph.push("norm", batch_norm(2, 1), &[top]).unwrap();
    top = graph.push("relu", Op::relu(), &[top]).unwrap();
    let mean = Op::AveragePool { window: Window::new([4; 2]), count_include_pad: true };
    top = graph.push("mean", mean, &[top]).unwrap();
    let dense = Op::Conv { geometry: Conv2d::dense(2, 5), weights: values(10, 0), bias: values(5, 0) };
    graph.push("classes", dense, &[top]).unwrap();
    let model = export_model(&graph).unwrap();
    let expected = ["Conv", "BatchNormalization", "Relu", "GlobalAveragePool", "Flatten", "Gemm"];
    assert_eq!(operators(&model), expected);
    let network = model.graph.unwrap();
    assert_eq!(network.node[0].input.len(), 2, "no bias of zeros");
    assert_eq!(network.output, [value("classes", Shape::new(5, 1, 1), data_type::FLOAT)]);
    assert_eq!((model.ir_version, model.opset_import[0].version), (8, 13));
    let copy = again(&graph);
    assert_eq!(
        copy.nodes.iter().map(|node| &node.op).filter(|op| matches!(op, Op::BatchNorm { .. })).count(),
        1
    );
    assert_eq!(
        (&copy.nodes[1], &copy.nodes[2], &copy.nodes[5]),
        (&graph.nodes[1], &graph.nodes[2], &graph.nodes[5])
    );
}

#[test]
fn functions_are_written_as_operators_of_their_names() {
    let leaky = |slope: f32| Activation::leaky(slope).unwrap();
    let curve = [Knot { at: -0.5, slope: 1.0 }, Knot { at: 0.25, slope: -0.5 }];
    let cases: [(Functions, &[&str]); 7] = [
        (Activation::relu().into(), &["Relu"]),
        (Activation::relu6().into(), &["Clip"]),
        (Activation::clip(-1.0, 0.5).unwrap().into(), &["Clip"]),
        (leaky(0.1).into(), &["LeakyRelu"]),
        (Activation::hard_sigmoid(0.25, 0.5).unwrap().into(), &["HardSigmoid"]),
        (Functions::of_channels(vec![leaky(0.5), leaky(-2.0)]), &["PRelu"]),
        (
            Activation::new(0.25, -1.0, curve.to_vec()).unwrap().into(),
            &["Mul", "Add", "Sub", "Relu", "Mul", "Add", "Sub", "Relu", "Mul", "Add"],
        ),
    ];
    for (functions, written) in cases {
        let mut graph = start(Shape::new(2, 1, 3));
        graph.push("f", Op::Activation(functions), &[graph.input]).unwrap();
        assert_eq!(operators(&export_model(&graph).unwrap()), written);
        let x = [-3.0, -0.75, -0.25, 0.0, 0.5, 7.0];
        assert_eq!(run(&again(&graph), &x).unwrap(), run(&graph, &x).unwrap(), "{written:?}");
        if written.len() == 1 {
            assert_eq!(again(&graph), graph);
        }
    }
}

#[test]
fn names_of_layers_win_over_made_up_ones() {
    let mut graph = start(Shape::new(2, 1, 1));
    let a = graph.push("a", Op::Affine { scale: vec![2.0; 2], shift: vec![1.0; 2] }, &[graph.input]).unwrap();
    let b = graph.push("a/scaled", Op::relu(), &[a]).unwrap();
    graph.push("a.scale", Op::relu(), &[b]).unwrap();
    assert_eq!(activations(&again(&graph)), activations(&graph));
    assert_eq!(run(&again(&graph), &[1.0, -3.0]).unwrap(), [3.0, 0.0]);
}

#[test]
fn an_average_with_gaps_needs_a_newer_operator_set() {
    let mut graph = start(Shape::new(1, 5, 5));
    let window = Window { dilation: [2; 2], ..Window::new([2; 2]) };
    graph.push("mean", Op::AveragePool { window, count_include_pad: true }, &[graph.input]).unwrap();
    let model = export_model(&graph).unwrap();
    assert_eq!((model.ir_version, model.opset_import[0].version), (9, 19));
    assert_eq!(again(&graph), graph);
}

#[test]
fn nothing_but_an_input_and_what_nobody_reads() {
    let mut graph = start(Shape::new(1, 2, 1));
    graph.push("unused", Op::relu(), &[graph.input]).unwrap();
    graph.output = graph.input;
    assert_eq!(operators(&export_model(&graph).unwrap()), ["Identity"]);
    assert_eq!(run(&again(&graph), &[-1.0, 2.0]).unwrap(), [-1.0, 2.0]);
}

#[test]
fn names_must_tell_nodes_apart() {
    for (name, sentence) in [
        ("x", "two nodes are called \"x\": give each a name of its own"),
        ("", "a node (Activation) has no name: give it one"),
    ] {
        let mut graph = start(Shape::new(1, 2, 1));
        graph.push(name, Op::relu(), &[graph.input]).unwrap();
        assert_eq!(export(&graph).unwrap_err().to_string(), sentence);
    }
}

#[test]
fn a_file_is_there_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let graph = start(Shape::new(1, 2, 1));
    export_file(&graph, &folder.path().join("a.onnx")).unwrap();
    assert_eq!(std::fs::read(folder.path().join("a.onnx")).unwrap(), export(&graph).unwrap());
    let error = export_file(&graph, &folder.path().join("none/a.onnx")).unwrap_err().to_string();
    assert!(error.starts_with("cannot write ") && error.contains("a.onnx: "), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Runtimes refuse pads as large as the kernel, and differ in windows that stick out: neither is written.
#[test]
fn pools_are_written_so_that_others_read_them() {
    let average = |window| Op::AveragePool { window, count_include_pad: true };
    let plain = |window| Op::AveragePool { window, count_include_pad: false };
    let base = Window { stride: [2; 2], ceil: true, ..Window::new([3; 2]) };
    let gaps = Window { dilation: [4; 2], pads: [2; 4], ..Window::new([2; 2]) };
    for (op, operators_written, words) in [
        (average(base), &["AveragePool"][..], "pads"),
        (average(Window { pads: [1; 4], ..base }), &["Pad", "AveragePool"], "pads"),
        (average(gaps), &["Pad", "AveragePool"], "pads"),
        (plain(base), &["AveragePool"], "pads"),
    ] {
        let mut graph = start(Shape::new(1, 6, 6));
        graph.push("pool", op, &[graph.input]).unwrap();
        let model = export_model(&graph).unwrap();
        assert_eq!(operators(&model), operators_written, "{graph:?}");
        let pool = model.graph.as_ref().unwrap().node.last().unwrap();
        let names: Vec<&str> = pool.attribute.iter().map(|attribute| attribute.name.as_str()).collect();
        assert!(names.contains(&words) && !names.contains(&"ceil_mode"), "{names:?} {graph:?}");
        let x = values(36, 4);
        assert_eq!(run(&again(&graph), &x).unwrap(), run(&graph, &x).unwrap(), "{graph:?}");
    }
}

#[test]
fn an_input_of_bytes_stays_one() {
    let mut graph = start(Shape::new(1, 2, 1));
    graph.push("y", Op::relu(), &[graph.input]).unwrap();
    graph.takes_bytes = true;
    let model = export_model(&graph).unwrap();
    assert_eq!(operators(&model), ["Cast", "Relu"]);
    assert_eq!(model.graph.unwrap().input[0], value("x", Shape::new(1, 2, 1), data_type::UINT8));
    assert_eq!(again(&graph), graph);
}
