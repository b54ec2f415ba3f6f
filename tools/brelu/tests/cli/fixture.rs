//! A tiny network in ONNX, pictures for it, and what `brelu compile` makes of them, once for all tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use brelu_networks::onnx::proto::{
    AttributeProto, Dimension, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, data_type,
};
use prost::Message;

use crate::support::brelu;

/// Rows and columns of the pictures.
const SIDE: usize = 8;

/// A folder with `tiny.onnx`, `tiny.plan`, `tiny.weights`, `tiny.json`, `other.plan`, `other.weights`,
/// keys of all parties, and `pictures/0.ppm` to `pictures/7.ppm`.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli");
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(folder.join("pictures")).unwrap();
        keys(&folder);
        fs::write(folder.join("tiny.onnx"), model("Relu").encode_to_vec()).unwrap();
        fs::write(folder.join("labels.txt"), "warm\ncold\nlight\ndark\n").unwrap();
        (0..8).for_each(|index| {
            fs::write(folder.join(format!("pictures/{index}.ppm")), picture(index)).unwrap()
        });
        let common = "compile tiny.onnx --calibrate pictures --labels labels.txt --fraction 13 --window 9 --mean .5 --std .25";
        brelu(&folder, &format!("{common} -o tiny --bits 29")).succeeds();
        brelu(&folder, &format!("{common} -o other --bits 28")).succeeds();
        folder
    })
}

/// Keys of the three parties, of a client that no server knows (`stranger`), and the lists of who may connect.
fn keys(folder: &Path) {
    for name in ["client", "server", "dealer", "stranger"] {
        brelu(folder, &format!("keygen {name}")).succeeds();
    }
    fs::copy(folder.join("client.pub"), folder.join("clients.txt")).unwrap();
    fs::copy(folder.join("server.pub"), folder.join("servers.txt")).unwrap();
}

/// A corner of the colour cube for every index, with a few stripes.
fn picture(index: usize) -> Vec<u8> {
    let mut bytes = format!("P6\n{SIDE} {SIDE}\n255\n").into_bytes();
    for pixel in 0..SIDE * SIDE {
        bytes.extend([0, 1, 2].map(|channel| {
            let corner = (index >> channel) & 1;
            (30 + 180 * corner + 5 * ((pixel + index) % 5)) as u8
        }));
    }
    bytes
}

/// Convolution, activation, global average and four outputs.
pub(crate) fn model(activation: &str) -> ModelProto {
    let node = |op: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>| NodeProto {
        op_type: op.into(),
        input: input.iter().map(|name| (*name).into()).collect(),
        output: vec![output.into()],
        name: output.into(),
        attribute,
        ..Default::default()
    };
    let pads = AttributeProto { name: "pads".into(), ints: vec![1; 4], r#type: 7, ..Default::default() };
    let graph = GraphProto {
        name: "tiny".into(),
        node: vec![
            node("Conv", &["image", "kernel"], "features", vec![pads]),
            node(activation, &["features"], "active", vec![]),
            node("GlobalAveragePool", &["active"], "pooled", vec![]),
            node("Flatten", &["pooled"], "flat", vec![]),
            node("MatMul", &["flat", "matrix"], "logits", vec![]),
        ],
        initializer: vec![tensor("kernel", &[6, 3, 3, 3]), tensor("matrix", &[6, 4])],
        input: vec![value("image", &[1, 3, SIDE as i64, SIDE as i64])],
        output: vec![value("logits", &[])],
    };
    let opset = OperatorSetIdProto { domain: String::new(), version: 13 };
    ModelProto { ir_version: 8, graph: Some(graph), opset_import: vec![opset], ..Default::default() }
}

fn tensor(name: &str, dims: &[i64]) -> TensorProto {
    let count = dims.iter().product::<i64>();
    let value = |index: i64| ((index * 37 + 11) % 29) as f32 / 14.0 - 1.0;
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: data_type::FLOAT,
        float_data: (0..count).map(value).collect(),
        ..Default::default()
    }
}

fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dimension = |size: &i64| DimensionProto { value: Some(Dimension::Value(*size)) };
    let shape = Some(TensorShapeProto { dim: dims.iter().map(dimension).collect() });
    let tensor_type = Some(TensorTypeProto { elem_type: data_type::FLOAT, shape });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}
