//! From measured distortions to a network with fewer decisions, as a user goes: every command reads what the one before
//! wrote.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use brelu_core::plan::{Op, Plan};
use brelu_tools::blocks::{Candidates, Spec};
use brelu_tools::data::{Dataset, Preprocess};
use brelu_tools::distortion::{Checkpoint, Measurement, Method, Options, Table, read_table};
use brelu_tools::graph::simplify;
use brelu_tools::interpreter::Device;
use brelu_tools::onnx::{ImportOptions, import};
use serde_json::Value;

use crate::fixture;
use crate::support::{brelu, json};

/// Images and how they become input.
pub(crate) const DATA: &str = "--data ../pictures --mean .5 --std .25";

/// The images of a network and what reads them.
const DISTORT: &str = "distort ../tiny.onnx --data ../pictures --mean .5 --std .25";

/// A folder of its own beside the fixture's files.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = fixture::folder().join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A folder with `tiny.parquet` and, for half of its decisions, `tiny.json` and `tiny.csv`, once for all tests.
pub(crate) fn chosen() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = folder("chosen");
        let text = brelu(&folder, &format!("{DISTORT} -o tiny.parquet")).succeeds();
        assert!(text.contains("1 layers, 6 channels, 384 pixels") && text.contains("for 8 images"), "{text}");
        let text = brelu(&folder, "knapsack tiny.parquet -o tiny.json --budget 50% --front tiny.csv");
        assert!(text.succeeds().contains("no choice within the budget"));
        assert_eq!(names(&folder), ["tiny.csv", "tiny.json", "tiny.parquet"]);
        folder
    })
}

/// The files of a folder: no temporary ones are left.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

fn table(folder: &Path, name: &str) -> Table {
    read_table(&folder.join(name)).unwrap()
}

/// What `evaluate --json` printed.
fn evaluated(folder: &Path, arguments: &str) -> Value {
    json(&brelu(folder, &format!("evaluate {arguments} --json")).succeeds())
}

/// Decisions of a plan's activations that are named `name`.
fn decisions(plan: &Plan<'_>, name: &str) -> u64 {
    let of = |id| brelu_core::cost::step(plan, id).total();
    let named =
        plan.nodes().filter(|(_, node)| matches!(node.op, Op::Activation { .. }) && node.name == name);
    named.map(|(id, _)| of(id)).sum()
}

#[test]
fn a_network_decides_by_blocks() {
    let from = chosen();
    let spec = Spec::read(&from.join("tiny.json")).unwrap();
    let origin = spec.origin.clone().unwrap();
    assert!(origin.drelus <= 192 && origin.proof.optimal && origin.baseline == 384.0);
    let rows = evaluated(from, &format!("--float --model ../tiny.onnx --spec tiny.json {DATA}"));
    assert_eq!((rows[0]["spec"].as_str(), rows[1]["spec"].as_str()), (None, Some("tiny.json")));
    assert_eq!(rows[1]["drelus"].as_u64(), Some(origin.drelus));
    assert!(rows[1]["relative"].as_f64().unwrap() < 0.5, "{rows}");

    let place = folder("compiled");
    let common = "compile ../tiny.onnx --calibrate ../pictures --mean .5 --std .25 --bits 29 --fraction 13 \
                  --window 9";
    brelu(&place, &format!("{common} -o every")).succeeds();
    brelu(&place, &format!("{common} -o blocks --spec ../chosen/tiny.json")).succeeds();
    let bits = ["every.plan", "blocks.plan"].map(|name| {
        let file = fs::read(place.join(name)).unwrap();
        decisions(&Plan::parse(&file).unwrap(), "active")
    });
    assert!(bits[1] < bits[0] * 3 / 4, "{bits:?}");

    let simulate = "--plan blocks.plan --simulate --weights blocks.weights --data ../pictures";
    let summary = evaluated(&place, &format!("{simulate} --model ../tiny.onnx --spec ../chosen/tiny.json"));
    assert_eq!(summary["images"].as_u64(), Some(8), "{summary}");
    assert_eq!(summary["complete"].as_bool(), Some(true));
    assert!(summary["agreement"].as_f64().unwrap() > 0.9, "{summary}");

    let drawn = "--model ../tiny.onnx --data ../pictures --mean .5 --std .25 -o report.html --svg figures";
    let table = "../chosen/tiny.parquet ../chosen/tiny.json --front ../chosen/tiny.csv";
    let text = brelu(&place, &format!("report {table} {drawn}")).succeeds();
    assert!(text.contains("report.html") && text.contains("figures"), "{text}");
    let html = fs::read_to_string(place.join("report.html")).unwrap();
    assert!(html.contains("<svg") && html.contains("active") && html.trim_end().ends_with("</html>"));
    assert!(names(&place.join("figures")).iter().all(|name| name.ends_with(".svg")));
}

#[test]
fn choices_are_refined_by_measuring() {
    let place = folder("refined");
    let line = "knapsack ../chosen/tiny.parquet -o tiny.json --budget 30% --refine 3 --model ../tiny.onnx";
    chosen();
    let words = brelu(&place, &format!("{line} {DATA}")).stderr();
    assert!(words.contains("refined in") && words.lines().count() == 1, "{words}");
    let origin = Spec::read(&place.join("tiny.json")).unwrap().origin.unwrap();
    assert!(origin.measured.is_some_and(|error| error > 0.0) && origin.cost <= origin.budget);
}

#[test]
fn shards_are_merged_to_the_whole() {
    let place = folder("shards");
    for part in [1, 2] {
        brelu(&place, &format!("{DISTORT} -o part{part}.parquet --shard {part}/2")).succeeds();
    }
    let text = brelu(&place, "merge part2.parquet part1.parquet -o whole.parquet").succeeds();
    assert!(text.contains("2 tables, 8 images"), "{text}");
    let (merged, whole) = (table(&place, "whole.parquet"), table(chosen(), "tiny.parquet"));
    assert_eq!((merged.provenance.samples, merged.provenance.shards.len()), (8, 2));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
    assert!(near(merged.provenance.output_power, whole.provenance.output_power));
    for (merged, whole) in merged.layers.iter().zip(&whole.layers) {
        assert_eq!((&merged.name, &merged.sizes), (&whole.name, &whole.sizes));
        for (merged, whole) in merged.distortion.iter().zip(&whole.distortion) {
            assert!(near(*merged, *whole), "{merged} {whole}");
        }
        for (merged, whole) in merged.windows.iter().flatten().zip(whole.windows.iter().flatten()) {
            assert!((merged - whole).abs() <= 1e-6 * whole.abs(), "{merged} {whole}");
        }
    }
    let merge = |arguments: &str, words: &[&str]| {
        brelu(&place, &format!("merge {arguments} -o none.parquet")).fails(words);
        assert!(!place.join("none.parquet").exists());
    };
    merge("part1.parquet", &["shard 2 of 2 is missing: measure them or give their tables too"]);
    merge("part2.parquet part2.parquet", &["shard 2 is given twice: give every shard once"]);
    merge("part2.parquet ../chosen/tiny.parquet", &["../tiny.onnx is a whole measurement, no shard"]);
    brelu(&place, &format!("{DISTORT} -o part1.parquet --shard 1/2 --probes 2 --force")).succeeds();
    merge("part1.parquet part2.parquet", &["shard 2 has another number of probes than shard 1"]);
}

/// A measurement of which everything is done already.
#[test]
fn an_interrupted_measurement_goes_on() {
    let (from, place) = (chosen(), folder("resumed"));
    let mut provenance = table(from, "tiny.parquet").provenance;
    (provenance.samples, provenance.output_power) = (0, 0.0);
    let sizes = Candidates::Auto;
    let origin = format!("{}{sizes:?}{}", serde_json::to_string(&provenance).unwrap(), false);
    let preprocess: Preprocess = serde_json::from_str(&provenance.preprocess).unwrap();
    let set = Dataset::open(&fixture::folder().join("pictures"), preprocess).unwrap();
    let image = |index| preprocess.normalise(&set.item(index).unwrap().pixels);
    let images: Vec<Vec<f32>> = (0..set.len()).map(image).collect();
    let file = fs::read(fixture::folder().join("tiny.onnx")).unwrap();
    let graph = simplify(import(&file, &ImportOptions::default()).unwrap().graph).unwrap();
    let options = Options { sizes: &sizes, method: Method::Gradient, probes: None, seed: 0, windows: true };
    let part = (0..images.len()).collect();
    let measurement = Measurement::new(&graph, &Device::flex(), &images, part, options).unwrap();
    let (done, _) = measurement.run(measurement.start(), &mut |_| ControlFlow::Continue(()));
    let path = place.join("tiny.parquet.partial");

    Checkpoint::write(&path, &origin, &done).unwrap();
    let run = |more: &str| brelu(&place, &format!("{DISTORT} -o tiny.parquet {more}"));
    let other = "tiny.parquet.partial is an interrupted measurement of another network, data set or other options: \
                 remove it, or give another --out";
    run("--sizes 1x1,2x2").fails(&[other]);
    run("--no-windows").fails(&[other]);
    run("--count 4").fails(&[other]);
    assert_eq!(names(&place), ["tiny.parquet.partial"]);
    assert!(run("").succeeds().contains("for 0 images"));
    assert_eq!(names(&place), ["tiny.parquet"]);
    let files = [from, &place].map(|folder| fs::read(folder.join("tiny.parquet")).unwrap());
    assert!(files[0] == files[1], "the tables differ");

    fs::write(&path, b"damaged").unwrap();
    run("").fails(&["tiny.parquet is there already", "--force"]);
    run("--force").fails(&["tiny.parquet.partial is no interrupted measurement of this version, or damaged"]);
}
