//! What exporters write around the operators.

use super::*;
use brelu_core::geometry::Shape;

#[test]
fn shape_arithmetic_is_computed() {
    let model = tiny(13, &[1, 2, 1, 2])
        .shape("zero", &[0])
        .shape("minus", &[-1])
        .node("Shape x -> s", &[])
        .node("Gather s zero -> batch", &[int("axis", 0)])
        .node("Concat batch minus -> n", &[int("axis", 0)])
        .node("Reshape x n -> y", &[]);
    assert_eq!(model.import().unwrap().graph.output_shape(), Shape::new(4, 1, 1));
}

/// The way PyTorch 1 writes `F.pad`: pairs in reverse order, reversed by reshaping, slicing and transposing.
#[test]
fn padding_computed_from_pairs() {
    let model = tiny(13, &[1, 1, 1, 2])
        .shape("pairs", &[1, 0])
        .shape("six", &[6])
        .shape("two", &[-1, 2])
        .shape("flat", &[-1])
        .shape("start", &[-1])
        .shape("end", &[i64::MIN])
        .shape("axis", &[0])
        .shape("step", &[-1])
        .node("ConstantOfShape six -> f", &[])
        .node("Cast f -> zeros", &[int("to", 7)])
        .node("Concat pairs zeros -> all", &[int("axis", 0)])
        .node("Reshape all two -> table", &[])
        .node("Slice table start end axis step -> reversed", &[])
        .node("Transpose reversed -> columns", &[ints("perm", &[1, 0])])
        .node("Reshape columns flat -> pads", &[])
        .node("Pad x pads -> y", &[text("mode", "constant")]);
    assert_eq!(model.compute(), [0.0, 1.0, 2.0]);
}

#[test]
fn constants_from_nodes_and_dropout() {
    let value = TensorProto {
        dims: vec![1],
        data_type: data_type::FLOAT16,
        raw_data: 0x4000u16.to_le_bytes().to_vec(),
        ..Default::default()
    };
    let attribute = AttributeProto { name: "value".into(), t: Some(value), r#type: 4, ..Default::default() };
    let model = tiny(13, &[1, 3])
        .node("Constant -> two", &[attribute])
        .node("Mul x two -> a", &[])
        .node("Dropout a -> b", &[])
        .node("Identity b -> y", &[]);
    assert_eq!(model.compute(), [2.0, 4.0, 6.0]);
}

#[test]
fn a_last_interpolation_is_left_out_unless_it_is_asked_for() {
    let halves = [ints("kernel_shape", &[1, 2]), ints("strides", &[1, 2])];
    let model = tiny(13, &[1, 2, 1, 4])
        .shape("n", &[1, 2, 1, 4])
        .node("MaxPool x -> map", &halves)
        .node("Resize map _ _ n -> large", &[text("mode", "linear")])
        .node("ArgMax large -> y", &[int("axis", 1)]);
    let imported = model.import().unwrap();
    assert_eq!(imported.graph.output_shape(), Shape::new(2, 1, 2));
    assert_eq!(
        imported.notes[1],
        "The last operator Resize is left out; the network's output is its input \"map\"."
    );
    let options = ImportOptions { output: Some("large".into()), ..ImportOptions::default() };
    let whole = import(&model.0.encode_to_vec(), &options).unwrap().graph;
    assert_eq!(whole.output_shape(), Shape::new(2, 1, 4));
}

#[test]
fn a_last_softmax_is_left_out() {
    let model = tiny(13, &[1, 3])
        .node("Relu x -> logits", &[])
        .node("Softmax logits -> p", &[])
        .node("ArgMax p -> y", &[int("axis", 1)]);
    let import = model.import().unwrap();
    assert_eq!(import.graph.output_shape(), Shape::new(3, 1, 1));
    assert_eq!(
        import.notes[1],
        "The last operator Softmax is left out; the network's output is its input \"logits\"."
    );
}

#[test]
fn open_dimensions() {
    let model = tiny(13, &[-1, 3, -1, -1]).node("Relu x -> y", &[]);
    assert_eq!(
        model.error(),
        "the file leaves dimension 2 open in the shape of input \"x\"; give channels, height and width, for example --input \
         3x224x224"
    );
    let options = ImportOptions { input: Some(Shape::new(3, 5, 6)), output: None };
    let graph = import(&model.0.encode_to_vec(), &options).unwrap().graph;
    assert_eq!(graph.output_shape(), Shape::new(3, 5, 6));
    let options = ImportOptions { input: Some(Shape::new(4, 5, 6)), output: None };
    let error = import(&model.0.encode_to_vec(), &options).unwrap_err();
    assert_eq!(error.to_string(), "dimension 1 of input \"x\" is 3, not 4");
}

#[test]
fn another_output_skips_what_follows() {
    let model = tiny(13, &[1, 3]).node("Relu x -> before", &[]).node("Einsum before -> y", &[]);
    assert_eq!(
        model.error(),
        "node \"make_y\" (Einsum): the operator is not supported; choose an output before it, for example with \
         --output \"before\""
    );
    let options = ImportOptions { output: Some("before".into()), input: None };
    assert_eq!(import(&model.0.encode_to_vec(), &options).unwrap().graph.nodes.len(), 2);
    let options = ImportOptions { output: Some("nowhere".into()), input: None };
    let error = import(&model.0.encode_to_vec(), &options).unwrap_err();
    assert_eq!(error.to_string(), "the model computes no \"nowhere\"; its outputs are [\"y\"]");
}

#[test]
fn names_are_made_unique() {
    let mut model = tiny(13, &[1, 3]).node("Relu x -> a", &[]).node("Relu a -> y", &[]);
    model.graph().node.iter_mut().for_each(|node| node.name = "same".into());
    let names: Vec<String> = model.import().unwrap().graph.nodes.into_iter().map(|node| node.name).collect();
    assert_eq!(names, ["x", "same", "same_2"]);
}
