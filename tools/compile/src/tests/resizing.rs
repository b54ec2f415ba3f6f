//! Interpolation within a network.

use super::*;
use brelu_networks::onnx::{self, ImportOptions};

/// What `onnx` makes of a Resize between two convolutions, compiled.
#[test]
fn interpolation_is_linear() {
    for (mode, factors, map) in [
        ("linear", [2.0, 3.0], [8, 9]),
        ("linear", [1.25, 0.67], [5, 2]),
        ("cubic", [1.5, 2.0], [6, 6]),
        ("nearest", [1.75, 2.4], [7, 7]),
    ] {
        interpolates(mode, factors, map);
    }
}

fn interpolates(mode: &str, [rows, columns]: [f32; 2], [height, width]: [u32; 2]) {
    let mut builder = Builder::new(4, 3);
    let x = builder.conv(builder.input(), 4, 3, 1, 1);
    let x = builder.relu(x);
    builder.conv(x, 4, 1, 1, 1);
    let mut model = onnx::export_model(&builder.graph).unwrap();
    let network = model.graph.as_mut().unwrap();
    let last = network.node.last_mut().unwrap();
    let (input, output) = (last.input[0].clone(), "resized".to_owned());
    last.input[0].clone_from(&output);
    let text = |name: &str, value: &str| onnx::proto::AttributeProto {
        name: name.into(),
        s: value.into(),
        r#type: 3,
        ..Default::default()
    };
    let factors = onnx::proto::TensorProto {
        name: "factors".into(),
        dims: vec![4],
        data_type: onnx::proto::data_type::FLOAT,
        float_data: vec![1.0, 1.0, rows, columns],
        ..Default::default()
    };
    let resize = onnx::proto::NodeProto {
        op_type: "Resize".into(),
        name: output.clone(),
        input: vec![input, String::new(), "factors".into()],
        output: vec![output],
        attribute: vec![text("mode", mode)],
        ..Default::default()
    };
    network.initializer.push(factors);
    network.node.insert(network.node.len() - 1, resize);
    let imported = onnx::import_model(&model, &ImportOptions::default()).unwrap();
    builder.graph = graph::simplify(imported.graph).unwrap();
    assert_eq!(builder.graph.output_shape(), Shape::new(4, height, width));
    check(&mut builder);
}
