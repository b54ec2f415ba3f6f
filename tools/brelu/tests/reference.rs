//! Outputs of the sample networks against those of another runtime, stored with the samples.

use brelu_core::plan::{ColourOrder, Fit};
use brelu_data::{Dataset, Preprocess, read_image};
use brelu_networks::graph::{Executor, Graph, Op, Scratch, simplify};
use brelu_networks::onnx::{ImportOptions, export, import, import_file};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Largest difference allowed, relative to the range of the reference values.
const TOLERANCE: f32 = 1e-3;

struct Sample {
    name: String,
    meta: Value,
    reference: Value,
    /// With the operations of the file.
    imported: Graph,
    /// Simplified.
    graph: Graph,
    preprocess: Preprocess,
}

fn data() -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !data.is_dir() {
        eprintln!("skipped: no sample networks at {}", data.display());
        return None;
    }
    Some(data)
}

fn json(path: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn preprocess(input: &Value) -> Preprocess {
    let size = input["size"].as_u64().unwrap() as u32;
    let channels = if input["channels"] == "BGR" { ColourOrder::Bgr } else { ColourOrder::Rgb };
    let constants = |name: &str| floats(&input[name]).try_into().unwrap();
    Preprocess {
        height: size,
        width: size,
        fit: Fit::Exact,
        channels,
        divide_by: input["divide_by"].as_f64().unwrap() as f32,
        mean: constants("mean"),
        std: constants("std"),
    }
}

fn samples(data: &Path) -> Vec<Sample> {
    let models = json(data.join("models/models.json"));
    let references = json(data.join("models/reference.json"));
    let sample = |(name, reference): (&String, &Value)| {
        let meta = models[name].clone();
        let output = reference["output"].as_str().map(str::to_owned);
        let options = ImportOptions { output, input: None };
        let import = import_file(&data.join("models").join(name), &options).unwrap();
        assert_eq!(import.notes, Vec::<String>::new());
        let preprocess = preprocess(&meta["input"]);
        let graph = simplify(import.graph.clone()).unwrap();
        let (name, reference) = (name.clone(), reference.clone());
        Sample { name, meta, reference, imported: import.graph, graph, preprocess }
    };
    references["models"].as_object().unwrap().iter().map(sample).collect()
}

/// The unpacked test set, made once.
fn cifar(data: &Path) -> PathBuf {
    let unpacked = std::env::temp_dir().join("cifar10-test.bin");
    if std::fs::metadata(&unpacked).is_ok_and(|file| file.len() == 30_730_000) {
        return unpacked;
    }
    let packed = data.join("cifar10/test.bin.xz");
    let output = Command::new("xz").arg("-dkc").arg(packed).output().expect("xz is installed");
    assert!(output.status.success());
    let partial = std::env::temp_dir().join(format!("cifar10-test.{}.bin", std::process::id()));
    std::fs::write(&partial, output.stdout).unwrap();
    std::fs::rename(partial, &unpacked).unwrap();
    unpacked
}

fn inputs(data: &Path, sample: &Sample) -> Vec<Vec<f32>> {
    let policy = &sample.preprocess;
    if sample.reference["input"] == "cifar10 test records 0..7" {
        let records = Dataset::open(&cifar(data), *policy).unwrap();
        let labels: Vec<usize> =
            (0..8).map(|index| records.item(index).unwrap().target.class().unwrap()).collect();
        assert_eq!(serde_json::to_value(labels).unwrap(), sample.reference["labels"]);
        return (0..8).map(|index| policy.normalise(&records.item(index).unwrap().pixels)).collect();
    }
    let cat = read_image(&data.join("segmentation/images/chelsea.png")).unwrap();
    let (left, top) = ((cat.width() - policy.width) / 2, (cat.height() - policy.height) / 2);
    let crop = image::imageops::crop_imm(&cat, left, top, policy.width, policy.height).to_image();
    vec![policy.normalise(&policy.pixels(&crop).unwrap())]
}

/// The values the reference holds: all, or one row of every plane.
fn compared(sample: &Sample, output: &[f32]) -> Vec<f32> {
    let Some(row) = sample.reference["row"].as_u64() else { return output.to_vec() };
    let shape = sample.graph.output_shape();
    let line = |plane: &[f32]| plane.chunks(shape.width as usize).nth(row as usize).unwrap().to_vec();
    output.chunks(shape.plane()).flat_map(line).collect()
}

#[test]
fn outputs_match() {
    let Some(data) = data() else { return };
    for sample in samples(&data) {
        let inputs = inputs(&data, &sample);
        let again = import(&export(&sample.imported).unwrap(), &ImportOptions::default()).unwrap().graph;
        assert_eq!(activations(&again), activations(&sample.imported), "{}", sample.name);
        let forms = [("imported", &sample.imported), ("simplified", &sample.graph), ("exported", &again)];
        for (form, graph) in forms {
            let start = Instant::now();
            let outputs = outputs(graph, &inputs);
            let millis = start.elapsed().as_secs_f64() * 1e3 / inputs.len() as f64;
            let got: Vec<f32> = outputs.iter().flat_map(|output| compared(&sample, output)).collect();
            let (error, range) = difference(&got, &floats(&sample.reference["values"]));
            let name = &sample.name;
            println!(
                "{name}, {form}: largest difference {error:.1e} on a range of {range:.1}, {millis:.1} ms an image"
            );
            assert!(error <= TOLERANCE * range, "{name}, {form}: {error} on {range}");
        }
    }
}

/// Names of the layers that block sizes are chosen for.
fn activations(graph: &Graph) -> Vec<&str> {
    let layers = graph.nodes.iter().filter(|node| node.op.is_activation());
    layers.map(|node| node.name.as_str()).collect()
}

fn outputs(graph: &Graph, inputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let executor = Executor::new(graph).unwrap();
    let mut scratch = Scratch::default();
    inputs.iter().map(|input| executor.run_with(input, &mut scratch, &mut |_, _, _| ()).unwrap()).collect()
}

/// The largest difference, and the range of what is expected.
fn difference(got: &[f32], expected: &[f32]) -> (f32, f32) {
    assert_eq!(got.len(), expected.len());
    let range =
        expected.iter().copied().fold(f32::MIN, f32::max) - expected.iter().copied().fold(f32::MAX, f32::min);
    let differences = got.iter().zip(expected).map(|(got, expected)| (got - expected).abs());
    (differences.fold(0.0, f32::max), range)
}

#[test]
fn sizes_match() {
    let Some(data) = data() else { return };
    for Sample { name, meta, graph, .. } in samples(&data) {
        let total = |wanted: &dyn Fn(&Op) -> bool| -> u64 {
            graph.nodes.iter().filter(|node| wanted(&node.op)).map(|node| node.shape.len() as u64).sum()
        };
        let relus = total(&|op| op.is_activation());
        assert_eq!(Some(relus), meta["relu_elements"].as_u64(), "{name}");
        assert_eq!(
            Some(total(&|op| matches!(op, Op::MaxPool(_)))),
            meta["maxpool_outputs"].as_u64(),
            "{name}"
        );
        let products = |op: &Op| match op {
            Op::Conv { geometry, .. } => {
                geometry.output().map_or(0, |to| to.len() * geometry.fan_in()) as u64
            }
            _ => 0,
        };
        let macs: u64 = graph.nodes.iter().map(|node| products(&node.op)).sum();
        assert_eq!(Some(macs), meta["macs"].as_u64(), "{name}");
        assert!(!graph.nodes.iter().any(|node| matches!(node.op, Op::Affine { .. })), "{name}");
    }
}
