//! What each operator computes, in the operator sets that spell it differently.

use super::*;
use crate::graph::Op;
use brelu_core::geometry::Shape;

#[test]
fn convolution_with_same_padding() {
    for (mode, expected) in [("SAME_UPPER", [5.0, 2.0, 3.0, 4.0]), ("SAME_LOWER", [1.0, 2.0, 3.0, 5.0])] {
        let model = tiny(13, &[1, 1, 2, 2])
            .weights("w", &[1, 1, 2, 2], &[1.0, 0.0, 0.0, 1.0])
            .node("Conv x w -> y", &[text("auto_pad", mode)]);
        assert_eq!(model.compute(), expected);
    }
}

#[test]
fn grouped_convolution_with_bias_and_stride() {
    let model = tiny(11, &[1, 2, 1, 3])
        .weights("w", &[2, 1, 1, 1], &[2.0, 3.0])
        .weights("b", &[2], &[10.0, 20.0])
        .node("Conv x w b -> y", &[int("group", 2), ints("strides", &[1, 2]), ints("kernel_shape", &[1, 1])]);
    assert_eq!(model.compute(), [12.0, 16.0, 32.0, 38.0]);
}

#[test]
fn products_of_computed_tensors() {
    let model = tiny(13, &[1, 2, 1, 2]);
    assert_eq!(model.clone().node("Mul x x -> y", &[]).compute(), [1.0, 4.0, 9.0, 16.0]);
    let pooled = model.clone().node("GlobalAveragePool x -> gate", &[]);
    for operands in ["x gate", "gate x"] {
        let gated = pooled.clone().node(&format!("Mul {operands} -> y"), &[]);
        assert_eq!(gated.compute(), [1.5, 3.0, 10.5, 14.0]);
        assert_eq!(gated.import().unwrap().graph.nodes.len(), 3, "a gate a channel is not repeated");
    }
    let first = model.weights("w", &[1, 2, 1, 1], &[1.0, 0.0]).node("Conv x w -> plane", &[]);
    let planes = first.clone().node("Mul x plane -> y", &[]);
    assert_eq!(planes.compute(), [1.0, 4.0, 3.0, 8.0]);
    let both = first.node("GlobalAveragePool x -> gate", &[]).node("Mul plane gate -> y", &[]);
    assert_eq!(both.compute(), [1.5, 3.0, 3.5, 7.0]);
    let one = pooled.weights("v", &[1, 2, 1, 1], &[1.0, 1.0]).node("Conv gate v -> sum", &[]);
    assert_eq!(one.node("Mul sum x -> y", &[]).compute(), [5.0, 10.0, 15.0, 20.0]);
}

#[test]
fn gemm_and_mat_mul() {
    let base = tiny(13, &[1, 2]).weights("b", &[3], &[1.0, 2.0, 3.0]);
    let gemm = base
        .clone()
        .weights("w", &[3, 2], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])
        .node("Gemm x w b -> y", &[int("transB", 1), float("alpha", 2.0), float("beta", 10.0)]);
    assert_eq!(gemm.compute(), [12.0, 24.0, 36.0]);
    let mat_mul = base
        .weights("w", &[2, 3], &[1.0, 0.0, 1.0, 0.0, 1.0, 1.0])
        .node("MatMul x w -> p", &[])
        .node("Add b p -> y", &[]);
    assert_eq!(mat_mul.compute(), [2.0, 4.0, 6.0]);
    assert_eq!(mat_mul.simplified().nodes.len(), 2, "the bias is folded");
}

#[test]
fn batch_normalisation_is_kept_until_the_network_is_simplified() {
    let model = tiny(9, &[1, 1, 1, 2])
        .weights("w", &[2, 1, 1, 1], &[1.0, 2.0])
        .weights("scale", &[2], &[3.0, 4.0])
        .weights("bias", &[2], &[0.5, 0.25])
        .weights("mean", &[2], &[1.0, 2.0])
        .weights("var", &[2], &[4.0, 1.0])
        .node("Conv x w -> c", &[])
        .node("BatchNormalization c scale bias mean var -> n", &[float("epsilon", 0.0)])
        .node("Relu n -> y", &[]);
    assert_eq!(model.compute(), [0.5, 2.0, 0.25, 8.25]);
    let names = |graph: Graph| graph.nodes.into_iter().map(|node| node.name).collect::<Vec<_>>();
    assert_eq!(names(model.simplified()), ["x", "make_c", "make_y"]);
    let graph = model.import().unwrap().graph;
    let [scale, shift] = graph.nodes[2].op.affine().unwrap();
    assert_eq!([scale, shift], [[1.5, 4.0], [-1.0, -7.75]]);
    assert_eq!(names(graph), ["x", "make_c", "make_n", "make_y"]);
}

fn names(graph: &Graph) -> Vec<&'static str> {
    graph.nodes.iter().map(|node| node.op.name()).collect()
}

/// As TensorFlow's networks are converted: convolutions between transpositions.
#[test]
fn nothing_is_left_of_transpositions_where_channels_come_last() {
    let model = tiny(13, &[1, 4, 6, 2])
        .weights("mean", &[2], &[0.5, 0.25])
        .weights("w", &[3, 2, 1, 1], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        .weights("b", &[3], &[1.0, -1.0, 0.5])
        .weights("v", &[3, 1, 1, 1], &[1.0, 2.0, 3.0])
        .weights("d", &[72, 1], &[1.0; 72])
        .node("Sub x mean -> x0", &[])
        .node("Transpose x0 -> x1", &[ints("perm", &[0, 3, 1, 2])])
        .node("Conv x1 w -> c1", &[])
        .node("Transpose c1 -> t1", &[ints("perm", &[0, 2, 3, 1])])
        .node("Add t1 b -> s1", &[])
        .node("Relu s1 -> r1", &[])
        .node("Transpose r1 -> x2", &[ints("perm", &[0, 3, 1, 2])])
        .node("Conv x2 v -> c2", &[int("group", 3)])
        .node("Transpose c2 -> t2", &[ints("perm", &[0, 2, 3, 1])])
        .node("Add t2 r1 -> s2", &[])
        .node("Flatten s2 -> f", &[])
        .node("MatMul f d -> y", &[]);
    let graph = model.simplified();
    assert_eq!(graph.input_shape(), Shape::new(2, 4, 6));
    assert_eq!(names(&graph), ["Input", "Conv", "Activation", "Conv", "Add", "Reshape", "Conv"]);
    // The activation keeps the name that block sizes know it by.
    assert_eq!(graph.nodes[2].name, "make_r1");
    let notes = model.import().unwrap().notes;
    assert_eq!(notes, ["The channels of the input come last in the file (NHWC); here they come first."]);
}

#[test]
fn channels_last_of_the_wanted_size() {
    let model = tiny(13, &[-1, -1, -1, 3]).node("Transpose x -> y", &[ints("perm", &[0, 3, 1, 2])]);
    let options = ImportOptions { input: Some(Shape::new(3, 5, 7)), ..ImportOptions::default() };
    let graph = import(&model.0.encode_to_vec(), &options).unwrap().graph;
    assert_eq!((graph.input_shape(), graph.output), (Shape::new(3, 5, 7), graph.input));
}

#[test]
fn every_part_of_a_split_is_known_and_none_too_many() {
    let split = |sizes: &[i64], outputs: &[&str]| {
        let mut model = tiny(13, &[1, 6]).shape("n", sizes).node("Split x n -> a", &[int("axis", 1)]);
        model.graph().node[0].output = outputs.iter().map(|name| (*name).into()).collect();
        model
    };
    let model = split(&[1, 3, 2], &["a", "", "b"]).node("Add b b -> y", &[]);
    assert_eq!(model.compute(), [10.0, 12.0]);
    assert_eq!(names(&model.import().unwrap().graph), ["Input", "View", "Add"]);
    for sizes in [&[1, 3, 3][..], &[3, 3], &[-1, 4, 3], &[i64::MAX, 2, 5]] {
        let error = split(sizes, &["a", "b", "c"]).node("Relu b -> y", &[]).error();
        assert!(
            error.starts_with("node \"make_a\" (Split): cannot split an axis of 6 elements into the 3 parts"),
            "{error}"
        );
    }
}

#[test]
fn a_transposed_convolution_multiplies_no_zeros() {
    let model = tiny(13, &[1, 1, 3, 3])
        .weights("w", &[1, 2, 4, 4], &[1.0; 32])
        .node("ConvTranspose x w -> y", &[ints("strides", &[2, 2]), ints("pads", &[1, 1, 1, 1])]);
    let graph = model.import().unwrap().graph;
    let geometry = graph.nodes[1].op.geometry().unwrap();
    assert_eq!((geometry.out_channels, geometry.kernel), (8, [2, 2]));
    assert_eq!(graph.output_shape(), Shape::new(2, 6, 6));
    for (attribute, sentence) in [
        (ints("pads", &[9, 0, 9, 0]), "its pads leave nothing of the output"),
        (ints("output_shape", &[5]), "attribute output_shape = [5] is no size of the output"),
        (ints("strides", &[0, 1]), "a kernel size, stride or dilation is zero"),
        (
            ints("strides", &[40000, 40000]),
            "its strides [40000, 40000] and dilations make 3200000000 weights of 32, which is not supported",
        ),
    ] {
        let model = tiny(13, &[1, 1, 3, 3]).weights("w", &[1, 2, 4, 4], &[1.0; 32]);
        let error = model.node("ConvTranspose x w -> y", &[attribute]).error();
        assert_eq!(error, format!("node \"make_y\" (ConvTranspose): {sentence}"));
    }
}

#[test]
fn clip_before_and_after_its_bounds_moved() {
    let old = tiny(7, &[1, 8]).node("Clip x -> y", &[float("min", 0.0), float("max", 6.0)]);
    let new = tiny(13, &[1, 8])
        .weights("lo", &[], &[0.0])
        .weights("hi", &[], &[6.0])
        .node("Clip x lo hi -> y", &[]);
    for model in [old, new] {
        let graph = model.import().unwrap().graph;
        assert_eq!(graph[graph.output].op, Op::bounded_relu(6.0).unwrap());
    }
    let open =
        tiny(13, &[1, 8]).weights("lo", &[], &[0.0]).node("Clip x lo -> y", &[]).import().unwrap().graph;
    assert_eq!(open[open.output].op, Op::relu());
}

#[test]
fn arithmetic_with_constants_and_broadcast() {
    let model = tiny(13, &[1, 2, 1, 2])
        .weights("mean", &[1, 2, 1, 1], &[1.0, 2.0])
        .weights("std", &[], &[2.0])
        .node("Sub x mean -> a", &[])
        .node("Div a std -> b", &[])
        .node("Neg b -> n", &[])
        .node("Sub x n -> y", &[]);
    assert_eq!(model.compute(), [1.0, 2.5, 3.5, 5.0]);
    let broadcast = tiny(13, &[1, 1, 2, 2]).node("GlobalAveragePool x -> m", &[]).node("Add x m -> y", &[]);
    assert_eq!(broadcast.compute(), [3.5, 4.5, 5.5, 6.5]);
}

#[test]
fn pooling() {
    let ceil = tiny(10, &[1, 1, 3, 3]).node(
        "MaxPool x -> y",
        &[ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2]), int("ceil_mode", 1)],
    );
    assert_eq!(ceil.compute(), [5.0, 6.0, 8.0, 9.0]);
    let average = |count| {
        let attributes =
            [ints("kernel_shape", &[2, 2]), ints("pads", &[1, 1, 0, 0]), int("count_include_pad", count)];
        tiny(11, &[1, 1, 2, 2]).node("AveragePool x -> y", &attributes).compute()
    };
    assert_eq!(average(0), [1.0, 1.5, 2.0, 2.5]);
    assert_eq!(average(1), [0.25, 0.75, 1.0, 2.5]);
    let global = |operator: &str| tiny(13, &[1, 2, 1, 2]).node(&format!("{operator} x -> y"), &[]).compute();
    assert_eq!(global("GlobalMaxPool"), [2.0, 4.0]);
    assert_eq!(global("GlobalAveragePool"), [1.5, 3.5]);
}

#[test]
fn reduce_mean_before_and_after_its_axes_moved() {
    let old =
        tiny(13, &[1, 2, 1, 2]).node("ReduceMean x -> y", &[ints("axes", &[-1, -2]), int("keepdims", 0)]);
    let new = tiny(18, &[1, 2, 1, 2]).shape("axes", &[2, 3]).node("ReduceMean x axes -> y", &[]);
    assert_eq!([old.compute(), new.compute()], [[1.5, 3.5], [1.5, 3.5]]);
}

#[test]
fn slices_and_pads() {
    let slice = tiny(13, &[1, 1, 2, 4])
        .shape("starts", &[-1, 1])
        .shape("ends", &[i64::MIN, i64::from(i32::MAX)])
        .shape("axes", &[3, 2])
        .shape("steps", &[-2, 1])
        .node("Slice x starts ends axes steps -> y", &[]);
    assert_eq!(slice.compute(), [8.0, 6.0]);
    let old = tiny(9, &[1, 2, 1, 1])
        .node("Slice x -> y", &[ints("starts", &[1]), ints("ends", &[2]), ints("axes", &[1])]);
    assert_eq!(old.compute(), [2.0]);
    let pads = [0, 1, 0, 0, 0, 0, 0, 1];
    let old = tiny(9, &[1, 1, 1, 2]).node("Pad x -> y", &[ints("pads", &pads)]);
    let new = tiny(13, &[1, 1, 1, 2]).shape("pads", &pads).node("Pad x pads -> y", &[]);
    let axes = tiny(18, &[1, 1, 1, 2])
        .shape("pads", &[1, 0, 0, 1])
        .shape("axes", &[1, 3])
        .node("Pad x pads _ axes -> y", &[]);
    for model in [old, new, axes] {
        assert_eq!(model.compute(), [0.0, 0.0, 0.0, 1.0, 2.0, 0.0]);
    }
}

#[test]
fn resizing_by_repetition() {
    let upsample =
        tiny(9, &[1, 1, 1, 2]).weights("s", &[4], &[1.0, 1.0, 2.0, 2.0]).node("Upsample x s -> y", &[]);
    let attribute =
        tiny(7, &[1, 1, 1, 2]).node("Upsample x -> y", &[floats("scales", &[1.0, 1.0, 2.0, 2.0])]);
    let resize = tiny(13, &[1, 1, 1, 2]).shape("n", &[1, 1, 2, 4]).node("Resize x _ _ n -> y", &[]);
    let expected = [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0];
    for model in [upsample, attribute, resize] {
        assert_eq!(model.compute(), expected);
    }
}

#[test]
fn resizing_by_interpolation() {
    let resized = |dims: &[i64], to: &[i64], coordinates: &str| {
        let attributes = [text("mode", "linear"), text("coordinate_transformation_mode", coordinates)];
        let model = tiny(13, dims).shape("n", to);
        model.node("Resize x _ _ n -> r", &attributes).node("Relu r -> y", &[]).compute()
    };
    assert_eq!(resized(&[1, 2, 1, 1], &[1, 2, 1, 2], "half_pixel"), [1.0, 1.0, 2.0, 2.0]);
    assert_eq!(resized(&[1, 1, 2, 1], &[1, 1, 4, 1], "half_pixel"), [1.0, 1.25, 1.75, 2.0]);
    assert_eq!(resized(&[1, 1, 1, 2], &[1, 1, 2, 4], "asymmetric"), [1.0, 1.5, 2.0, 2.0, 1.0, 1.5, 2.0, 2.0]);
    assert_eq!(resized(&[1, 1, 1, 2], &[1, 1, 1, 3], "align_corners"), [1.0, 1.5, 2.0]);
}

#[test]
fn concat_and_expand() {
    let concat =
        tiny(13, &[1, 1, 1, 2]).node("Relu x -> r", &[]).node("Concat x r x -> y", &[int("axis", -3)]);
    assert_eq!(concat.compute(), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
    let expand = tiny(13, &[1, 2, 1, 1]).shape("n", &[1, 1, 2]).node("Expand x n -> y", &[]);
    assert_eq!(expand.compute(), [1.0, 1.0, 2.0, 2.0]);
}

#[test]
fn reshaping_keeps_the_elements() {
    let model = tiny(13, &[1, 2, 2, 2])
        .shape("n", &[0, -1])
        .shape("axes", &[2, 3])
        .node("Flatten x -> a", &[])
        .node("Unsqueeze a axes -> b", &[])
        .node("Squeeze b axes -> c", &[])
        .node("Reshape c n -> y", &[]);
    let graph = model.simplified();
    assert_eq!(graph.nodes.len(), 2);
    assert_eq!(graph[graph.output].op, Op::Reshape(Shape::new(8, 1, 1)));
    let transpose = tiny(13, &[1, 4, 1, 1]).node("Transpose x -> y", &[ints("perm", &[0, 2, 3, 1])]);
    assert_eq!(transpose.compute(), [1.0, 2.0, 3.0, 4.0]);
}

/// Bytes are moved until they are cast; arithmetic of bytes is none of floats.
#[test]
fn an_input_of_bytes_is_cast_before_it_is_computed_with() {
    let bytes = |mut model: Tiny| {
        model.graph().input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().elem_type =
            data_type::UINT8;
        model
    };
    let model =
        bytes(tiny(13, &[1, 2, 1, 2]).node("Flatten x -> f", &[]).node("Cast f -> y", &[int("to", 1)]));
    let import = model.import().unwrap();
    assert!(import.graph.takes_bytes && import.notes[0].contains("its divisor is 1"), "{:?}", import.notes);
    assert_eq!(model.compute(), [1.0, 2.0, 3.0, 4.0]);
    let sum = bytes(tiny(13, &[1, 2]).node("Add x x -> s", &[]).node("Cast s -> y", &[int("to", 1)]));
    assert_eq!(
        sum.error(),
        "node \"make_s\" (Add): computes with bytes (uint8): cast the input to float before it"
    );
    let moved = bytes(tiny(13, &[1, 2]).node("Identity x -> y", &[]));
    assert_eq!(moved.error(), "the output \"y\" is of bytes (uint8), as the input is");
}

/// Operator sets 23 to 25 spell what networks of this kind have as those before them.
#[test]
fn the_newest_operator_sets() {
    for opset in 23..=25 {
        let model = tiny(opset, &[1, 1, 2, 2])
            .weights("w", &[1, 1, 1, 1], &[2.0])
            .shape("axes", &[2, 3])
            .shape("flat", &[1, -1])
            .node("Conv x w -> c", &[])
            .node("ReduceMean c axes -> m", &[])
            .node("Add c m -> s", &[])
            .node("Reshape s flat -> y", &[]);
        assert_eq!(model.compute(), [7.0, 9.0, 11.0, 13.0]);
    }
    assert!(
        tiny(26, &[1, 2]).node("Relu x -> y", &[]).error().starts_with("operator set 26 is not supported")
    );
}

#[test]
fn constants_are_operands_like_others() {
    let sum = tiny(13, &[1, 2]).weights("c", &[2], &[10.0, 20.0]).weights("d", &[1], &[0.5]);
    assert_eq!(sum.node("Sum c x d x -> y", &[]).compute(), [12.5, 24.5]);
    let joined = tiny(13, &[1, 1, 1, 2])
        .weights("zeros", &[1, 2, 1, 2], &[0.0; 4])
        .weights("ones", &[1, 1, 1, 2], &[1.0; 2])
        .node("Concat zeros x ones -> y", &[int("axis", 1)]);
    assert_eq!(joined.compute(), [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0, 1.0]);
    let uneven = tiny(13, &[1, 1, 1, 2])
        .weights("c", &[1, 1, 1, 2], &[1.0, 2.0])
        .node("Concat c x -> y", &[int("axis", 1)]);
    assert_eq!(uneven.compute(), [1.0, 2.0, 1.0, 2.0]);
    let raised = tiny(13, &[1, 2]).weights("c", &[1, 1, 2], &[1.0, 3.0]).node("Add x c -> y", &[]);
    assert_eq!(raised.compute(), [2.0, 5.0]);
}

#[test]
fn halves_are_told() {
    let model = tiny(13, &[1, 2]).node("Cast x -> h", &[int("to", 10)]).node("Cast h -> y", &[int("to", 1)]);
    assert!(model.import().unwrap().notes[0].contains("results differ slightly"));
}

/// Of -1.5 and -0.5 in the first channel, 0.5 and 1.5 in the second.
#[test]
fn piecewise_linear_functions() {
    let moved = |opset| {
        let tiny = tiny(opset, &[1, 2, 1, 2]).weights("c", &[1], &[-2.5]);
        tiny.node("Add x c -> z", &[]).weights("low", &[], &[-1.0]).weights("high", &[], &[1.0])
    };
    let of = |node: &str, attributes: &[AttributeProto]| moved(16).node(node, attributes).compute();
    assert_eq!(of("LeakyRelu z -> y", &[float("alpha", -0.5)]), [0.75, 0.25, 0.5, 1.5]);
    assert_eq!(of("LeakyRelu z -> y", &[]), [-0.015, -0.005, 0.5, 1.5]);
    assert_eq!(of("HardSigmoid z -> y", &[float("alpha", 0.5), float("beta", 0.25)]), [0.0, 0.0, 0.5, 1.0]);
    assert_eq!(of("HardSigmoid z -> y", &[]), [0.2, 0.4, 0.6, 0.8]);
    assert_eq!(of("Clip z low high -> y", &[]), [-1.0, -0.5, 0.5, 1.0]);
    assert_eq!(of("Clip z low -> y", &[]), [-1.0, -0.5, 0.5, 1.5]);
    assert_eq!(of("Abs z -> y", &[]), [1.5, 0.5, 0.5, 1.5]);
    let old = moved(7).node("Clip z -> y", &[float("max", 1.0)]);
    assert_eq!(old.compute(), [-1.5, -0.5, 0.5, 1.0]);
    let slopes = moved(16).weights("s", &[2, 1, 1], &[2.0, -3.0]).node("PRelu z s -> y", &[]);
    assert_eq!(slopes.compute(), [-3.0, -1.0, 0.5, 1.5]);
    let reversed = moved(16).node("Clip z high low -> y", &[]).import().unwrap_err().to_string();
    assert!(reversed.contains("clips to 1 ..= -1: the lower bound has to be below the upper"), "{reversed}");
}

#[test]
fn extrema_of_tensors_and_constants() {
    let base = || {
        let tiny = tiny(13, &[1, 2, 1, 2]).weights("c", &[1], &[-2.5]).node("Add x c -> z", &[]);
        tiny.weights("b", &[2, 1, 1], &[-1.0, 1.0]).node("Neg z -> n", &[])
    };
    let of = |node: &str| base().node(node, &[]).compute();
    assert_eq!(of("Max z b -> y"), [-1.0, -0.5, 1.0, 1.5]);
    assert_eq!(of("Min b z -> y"), [-1.5, -1.0, 0.5, 1.0]);
    assert_eq!(of("Max z n -> y"), [1.5, 0.5, 0.5, 1.5]);
    assert_eq!(of("Min z n -> y"), [-1.5, -0.5, -0.5, -1.5]);
    assert_eq!(of("Max z n b -> y"), [1.5, 0.5, 1.0, 1.5]);
    assert_eq!(of("Max z -> y"), [-1.5, -0.5, 0.5, 1.5]);
}

/// Squares that no other function takes up are products, of what they were of where channels come last as well.
#[test]
fn squares_are_products_in_their_own_order() {
    let start = || tiny(13, &[1, 2, 2, 3]).node("Relu x -> r", &[]);
    let last = || start().node("Transpose r -> t", &[ints("perm", &[0, 2, 3, 1])]);
    let plain = start().node("Mul r r -> y", &[]);
    assert!(plain.simplified().nodes.iter().any(|node| matches!(node.op, Op::Multiply)));
    let back = |model: Tiny| model.node("Transpose s -> y", &[ints("perm", &[0, 3, 1, 2])]);
    assert_eq!(back(last().node("Mul t t -> s", &[])).compute(), plain.compute());
    let two = || last().weights("two", &[], &[2.0]);
    assert_eq!(back(two().node("Pow t two -> s", &[])).compute(), plain.compute());
    let turned = start().node("Mul r r -> s", &[]).node("Transpose s -> y", &[ints("perm", &[0, 2, 3, 1])]);
    assert_eq!(last().node("Mul t t -> y", &[]).compute(), turned.compute());
}
