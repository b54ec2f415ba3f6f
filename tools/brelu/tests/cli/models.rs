//! ONNX files as others write them, through the commands that read them.

use std::fs;
use std::path::PathBuf;

use brelu_networks::graph::run;
use brelu_networks::onnx::proto::{
    AttributeProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto, data_type,
};
use brelu_networks::onnx::{ImportOptions, import_file};
use prost::Message;

use crate::fixture::{folder, model};
use crate::support::{Ran, brelu, json};

/// A folder of its own below the fixture's.
fn place(name: &str) -> PathBuf {
    let place = folder().join(name);
    fs::create_dir_all(&place).unwrap();
    place
}

fn write(name: &str, file: &str, model: &ModelProto) {
    fs::write(place(name).join(file), model.encode_to_vec()).unwrap();
}

fn run_in(name: &str, line: &str) -> Ran {
    brelu(&place(name), line)
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { name: name.into(), ints: values.to_vec(), r#type: 7, ..Default::default() }
}

fn node(operator: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: operator.into(),
        input: inputs.iter().map(|name| (*name).into()).collect(),
        output: vec![output.into()],
        name: output.into(),
        attribute,
        ..Default::default()
    }
}

/// The fixture's network with `first` between the image and the rest.
fn with_first(first: NodeProto) -> ModelProto {
    let mut model = model("Relu");
    let graph = model.graph.as_mut().unwrap();
    graph.node[0].input[0] = first.output[0].clone();
    graph.node.insert(0, first);
    model
}

/// The model with its values in one file beside it.
fn outside(mut model: ModelProto, location: &str) -> (ModelProto, Vec<u8>) {
    let mut data = Vec::new();
    for tensor in &mut model.graph.as_mut().unwrap().initializer {
        let entry = |key: &str, value: String| StringStringEntryProto { key: key.into(), value };
        let bytes: Vec<u8> = tensor.float_data.drain(..).flat_map(f32::to_le_bytes).collect();
        tensor.external_data = vec![
            entry("location", location.into()),
            entry("offset", data.len().to_string()),
            entry("length", bytes.len().to_string()),
        ];
        tensor.data_location = 1;
        data.extend(bytes);
    }
    (model, data)
}

#[test]
fn values_beside_the_model_are_read_by_every_command() {
    let (model, data) = outside(model("Relu"), "model.onnx.data");
    let name = "external";
    write(name, "model.onnx", &model);
    run_in(name, "import model.onnx").fails(&["model.onnx.data", "keep the files of a model in one folder"]);
    fs::write(place(name).join("model.onnx.data"), data).unwrap();
    run_in(name, "import model.onnx -o whole.onnx").succeeds();
    run_in(name, "import model.onnx -o model.onnx.data --force")
        .fails(&["model.onnx.data would be written over with the result: give another --out"]);
    let graph = |file: &str| import_file(&place(name).join(file), &ImportOptions::default()).unwrap().graph;
    let image: Vec<f32> = (0..graph("model.onnx").input_shape().len()).map(|at| (at % 7) as f32).collect();
    let inline = import_file(&folder().join("tiny.onnx"), &ImportOptions::default()).unwrap().graph;
    let want = run(&inline, &image).unwrap();
    assert_eq!(run(&graph("model.onnx"), &image).unwrap(), want);
    assert_eq!(run(&graph("whole.onnx"), &image).unwrap(), want);
    // From another folder as well.
    for line in [
        "import external/model.onnx",
        "compile external/model.onnx -o external/net --calibrate pictures --fraction 13 --window 9 --bits 29",
        "evaluate --float --model external/model.onnx --data pictures",
        "distort external/model.onnx --data pictures -o external/net.parquet",
    ] {
        let ran = brelu(folder(), line);
        let ended = line.starts_with("distort") && ran.stderr().is_empty();
        assert!(ended || !ran.succeeds().is_empty());
    }
}

#[test]
fn import_and_compile_give_one_answer() {
    let name = "one-answer";
    let pool = |pads: &[i64], operator: &str| {
        node(operator, &["image"], "pool", vec![ints("kernel_shape", &[2, 2]), ints("pads", pads)])
    };
    let mut five = model("Relu");
    let graph = five.graph.as_mut().unwrap();
    graph.initializer[0].dims = vec![6, 5, 3, 3];
    graph.initializer[0].float_data = vec![0.5; 270];
    let shape = graph.input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().shape.as_mut().unwrap();
    shape.dim[1].value = Some(brelu_networks::onnx::proto::Dimension::Value(5));
    let mut dilated = pool(&[2, 2, 2, 2], "AveragePool");
    dilated.attribute.push(ints("dilations", &[2, 2]));
    let mut mirrored = with_first(node(
        "Gather",
        &["image", "order"],
        "mirror",
        vec![AttributeProto { name: "axis".into(), i: 3, r#type: 2, ..Default::default() }],
    ));
    let order = TensorProto {
        name: "order".into(),
        dims: vec![8],
        data_type: data_type::INT64,
        int64_data: (0..8).rev().collect(),
        ..Default::default()
    };
    mirrored.graph.as_mut().unwrap().initializer.push(order.clone());
    for (file, model, words) in [
        ("five.onnx", five, "takes 5 channels, but pictures have 1 or 3"),
        ("uneven.onnx", with_first(dilated), "divides by another number at the edges"),
    ] {
        write(name, file, &model);
        run_in(name, &format!("import {file} -o out.onnx")).fails(&[words]);
        run_in(name, &format!("compile {file} -o net --calibrate ../pictures")).fails(&[words]);
        assert!(!place(name).join("out.onnx").exists());
    }
    // Accepted by both: other windows, columns and channels in the other order.
    let mut bgr = with_first(node(
        "Gather",
        &["image", "order"],
        "bgr",
        vec![AttributeProto { name: "axis".into(), i: 1, r#type: 2, ..Default::default() }],
    ));
    let order = TensorProto { dims: vec![3], int64_data: vec![2, 1, 0], ..order };
    bgr.graph.as_mut().unwrap().initializer.push(order);
    let [max, mean] = ["MaxPool", "AveragePool"].map(|operator| with_first(pool(&[1, 1, 0, 0], operator)));
    for (file, model) in
        [("max.onnx", max), ("mean.onnx", mean), ("mirrored.onnx", mirrored), ("bgr.onnx", bgr)]
    {
        write(name, file, &model);
        run_in(name, &format!("import {file} -o again-{file}")).succeeds();
        let formats = "--fraction 13 --window 9 --bits 29";
        run_in(name, &format!("compile {file} -o net --force --calibrate ../pictures {formats}")).succeeds();
    }
}

#[test]
fn networks_of_bytes_take_pixels_as_they_are() {
    let name = "bytes";
    let cast = AttributeProto { name: "to".into(), i: 1, r#type: 2, ..Default::default() };
    let mut model = with_first(node("Cast", &["image"], "float", vec![cast]));
    let graph = model.graph.as_mut().unwrap();
    graph.input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().elem_type = data_type::UINT8;
    write(name, "bytes.onnx", &model);
    let said = "takes the pixels as they are, 0 to 255";
    assert!(run_in(name, "import bytes.onnx -o again.onnx").succeeds().contains(said));
    // What is written is of bytes again.
    for file in ["bytes.onnx", "again.onnx"] {
        let compile = format!(
            "compile {file} -o net --force --calibrate ../pictures --fraction 8 --window 9 --bits 29 --accept-error 1"
        );
        assert!(run_in(name, &compile).stderr().contains(said));
        let record = json(&fs::read_to_string(place(name).join("net.json")).unwrap());
        assert_eq!(record["preprocess"]["divide_by"], 1.0, "{record}");
        for options in ["--divide-by 255", "--mean .5", "--std .25"] {
            run_in(name, &format!("{compile} {options}"))
                .fails(&["the network takes pixels as they are", "give --divide-by 1"]);
        }
        assert!(run_in(name, &format!("{compile} --divide-by 1")).stderr().contains(said));
    }
}

#[test]
fn numbers_for_other_pixels_are_told() {
    let compile = "compile tiny.onnx -o told --calibrate pictures";
    let run = |options: &str| brelu(folder(), &format!("{compile} {options}"));
    for (options, words) in [
        (
            "--mean 123.7",
            "the mean 123.7 is beyond every pixel, which --divide-by 255 brings to 0 to 1: give --divide-by 1",
        ),
        (
            "--mean 123.7 116.8 103.9 --std 58.4 57.1 57.4 --divide-by 255",
            "the mean 123.7 is beyond every pixel",
        ),
        ("--std 58.4", "black and white differ by 0.0171"),
        ("--divide-by 1 --mean .485 .456 .406 --std .229 .224 .225", "black and white differ by 1113.5"),
    ] {
        run(options).fails(&[words]);
    }
    run("--fraction 13 --window 9 --bits 29 --divide-by 127.5 --mean 1").succeeds();
}

#[test]
fn what_is_left_out_is_said_by_other_commands_too() {
    let name = "left-out";
    let mut model = model("Relu");
    let graph = model.graph.as_mut().unwrap();
    graph.node.push(node("Softmax", &["logits"], "scores", vec![]));
    graph.output[0].name = "scores".into();
    write(name, "scores.onnx", &model);
    let said = "The last operator Softmax is left out; the network's output is its input \"logits\".";
    assert!(run_in(name, "import scores.onnx").succeeds().contains(said));
    let ran = run_in(name, "evaluate --float --model scores.onnx --data ../pictures");
    assert_eq!(ran.stderr(), format!("note: {said}\n"));
}
