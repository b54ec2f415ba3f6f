//! Networks that multiply tensors: compiled, run by three processes, and compared with the float network.

use std::fs;
use std::path::Path;

use brelu_data::npy::{Array, Values};
use brelu_networks::graph::run;
use brelu_networks::onnx::proto::{AttributeProto, ModelProto, NodeProto};
use brelu_networks::onnx::{ImportOptions, import};
use prost::Message;

use crate::blocks;
use crate::fixture::{folder, model};
use crate::support::{Listening, brelu};

/// The fixture's network with `x HardSigmoid(x)` in the place of ReLU, and a gate a channel behind it.
fn gated() -> ModelProto {
    let mut network = model("HardSigmoid");
    let graph = network.graph.as_mut().unwrap();
    let node = |op: &str, input: &[&str], output: &str| NodeProto {
        op_type: op.into(),
        input: input.iter().map(|name| (*name).into()).collect(),
        output: vec![output.into()],
        name: output.into(),
        ..Default::default()
    };
    let mut squeeze = graph.initializer[1].clone();
    (squeeze.name, squeeze.dims) = ("squeeze".into(), vec![6, 6, 1, 1]);
    squeeze.float_data = (0..36).map(|at| ((at * 23 + 5) % 17) as f32 / 8.0 - 1.0).collect();
    graph.initializer.push(squeeze);
    let slope = AttributeProto { name: "alpha".into(), f: 1.0 / 6.0, r#type: 1, ..Default::default() };
    graph.node[1].attribute.push(slope.clone());
    let mut gate = node("HardSigmoid", &["squeezed"], "gate");
    gate.attribute.push(slope);
    let between = [
        node("Mul", &["features", "active"], "swished"),
        node("GlobalAveragePool", &["swished"], "mean"),
        node("Conv", &["mean", "squeeze"], "squeezed"),
        gate,
        node("Mul", &["gate", "swished"], "excited"),
    ];
    graph.node.splice(2..2, between);
    graph.node[7].input[0] = "excited".into();
    network
}

/// What the float network gives for a picture of the fixture.
fn float(network: &ModelProto, picture: &Path) -> Vec<f32> {
    let graph = import(&network.encode_to_vec(), &ImportOptions::default()).unwrap().graph;
    let bytes = fs::read(picture).unwrap();
    let plane = graph.input_shape().plane();
    let pixels = &bytes[bytes.len() - 3 * plane..];
    let normal = |at: usize| (f32::from(pixels[at % plane * 3 + at / plane]) / 255.0 - 0.5) / 0.25;
    run(&graph, &(0..3 * plane).map(normal).collect::<Vec<_>>()).unwrap()
}

#[test]
fn products_of_tensors_are_private_and_right() {
    let (place, network) = (blocks::folder("gates"), gated());
    fs::write(place.join("gated.onnx"), network.encode_to_vec()).unwrap();
    let compile = "compile gated.onnx -o gated --calibrate ../pictures --mean .5 --std .25 --margin 2";
    brelu(&place, compile).succeeds();
    let described = brelu(&place, "inspect gated.plan").succeeds();
    // `x HardSigmoid(x)` is a function of one number.
    assert_eq!(described.matches("product").count(), 1, "{described}");

    let dealer = Listening::start(folder(), "deal");
    let plan = place.join("gated").display().to_string();
    let serve = format!("serve --plan {plan}.plan --weights {plan}.weights --dealer {}", dealer.address);
    let server = Listening::start(folder(), &serve);
    let pictures: Vec<String> = (0..8).map(|index| format!("../pictures/{index}.ppm")).collect();
    let keys = "--key ../client.key --server-key ../server.pub --dealer-key ../dealer.pub";
    let infer = format!(
        "infer --plan gated.plan --server {} --raw gated.npy {keys} {}",
        server.address,
        pictures.join(" ")
    );
    let text = brelu(&place, &infer).succeeds();
    assert!(text.contains("traffic equals the formulas: yes"), "{text}");
    let Array { values: Values::Floats(got), .. } =
        Array::parse(&fs::read(place.join("gated.npy")).unwrap()).unwrap()
    else {
        panic!("no floats")
    };
    let wanted: Vec<Vec<f32>> =
        pictures.iter().map(|picture| float(&network, &place.join(picture))).collect();
    let centre: Vec<f32> = (0..4).map(|at| wanted.iter().map(|row| row[at]).sum::<f32>() / 8.0).collect();
    let square =
        |pairs: Vec<(f32, f32)>| pairs.iter().map(|(a, b)| (a - b).powi(2)).sum::<f32>() / pairs.len() as f32;
    let all: Vec<f32> = wanted.concat();
    let spread = square(all.iter().enumerate().map(|(at, value)| (*value, centre[at % 4])).collect()).sqrt();
    let error = square(all.into_iter().zip(got).collect()).sqrt();
    assert!(error < 0.03 * spread, "off by {error}, spread {spread}");
}
