//! Hundreds of small networks and what onnxruntime computes with them: every one has the same numbers here or is refused,
//! none has others. `tests/imports/make.py` makes the archive; `tests/imports/run.sh` has random ones checked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use brelu_data::maps::Upsampling;
use brelu_networks::graph::{Graph, run, simplify};
use brelu_networks::onnx::{Import, ImportOptions, export, import};
use zip::ZipArchive;

/// Largest difference allowed, relative to the largest number where that exceeds 1.
const TOLERANCE: f32 = 1e-4;

/// Networks that onnxruntime computes in half precision, and the difference allowed there.
const HALF: &str = "type_half";
const HALF_TOLERANCE: f32 = 2e-3;

/// A folder into which the networks that are imported are written again.
const FOLDER: &str = "BRELU_REEXPORTS";

/// An archive in the place of the committed one, none of whose networks may be refused.
const ARCHIVE: &str = "BRELU_IMPORT_CASES";

#[derive(Default)]
struct Case {
    model: Vec<u8>,
    input: Vec<f32>,
    /// Nothing if onnxruntime does not take the network either.
    output: Option<Vec<f32>>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/imports")
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    assert!(rest.is_empty());
    numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn cases(path: &Path) -> BTreeMap<String, Case> {
    let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut cases = BTreeMap::<String, Case>::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let path = file.name().unwrap().into_owned();
        let (name, kind) = path.rsplit_once('.').unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let case = cases.entry(name.into()).or_default();
        match kind {
            "onnx" => case.model = bytes,
            "in" => case.input = floats(&bytes),
            "out" => case.output = Some(floats(&bytes)),
            other => panic!("{other}"),
        }
    }
    cases
}

/// What happened to a network.
enum Outcome {
    Equal,
    Refused(String),
    Different(String),
}

fn outcome(name: &str, case: &Case) -> Outcome {
    let imported = match import(&case.model, &ImportOptions::default()) {
        Ok(imported) => imported,
        Err(error) => return Outcome::Refused(error.to_string()),
    };
    let Some(wanted) = &case.output else {
        return Outcome::Different("onnxruntime does not take the file".into());
    };
    let copied = export(&imported.graph).unwrap();
    let graphs = [
        ("imported", imported.graph.clone()),
        ("simplified", simplify(imported.graph.clone()).unwrap()),
        ("written again", import(&copied, &ImportOptions::default()).unwrap().graph),
    ];
    for (how, graph) in graphs {
        if let Some(difference) = difference(&imported, &graph, &case.input, name, wanted) {
            return Outcome::Different(format!("{how}: {difference}"));
        }
    }
    if let (Some(folder), true) = (std::env::var_os(FOLDER), imported.notes.is_empty()) {
        std::fs::write(Path::new(&folder).join(format!("{name}.onnx")), copied).unwrap();
    }
    Outcome::Equal
}

fn difference(imported: &Import, graph: &Graph, input: &[f32], case: &str, wanted: &[f32]) -> Option<String> {
    let input = if imported.notes.iter().any(|note| note.contains("(NHWC)")) {
        &channels_first(graph, input)
    } else {
        input
    };
    let got = match run(graph, input) {
        Ok(scores) if left_out(imported, "Resize") => return decisions(imported, graph, &scores, wanted),
        Ok(scores) => finished(imported, graph, scores),
        Err(error) => return Some(error.to_string()),
    };
    if got.len() != wanted.len() {
        return Some(format!("{} numbers, not {}", got.len(), wanted.len()));
    }
    let tolerance = if case.starts_with(HALF) { HALF_TOLERANCE } else { TOLERANCE };
    let largest = wanted.iter().fold(1.0f32, |largest, value| largest.max(value.abs()));
    let worst = got.iter().zip(wanted).map(|(got, wanted)| (got - wanted).abs()).fold(0.0, f32::max);
    (worst.is_nan() || worst > tolerance * largest)
        .then(|| format!("off by {worst}, numbers up to {largest}"))
}

/// The input of a file whose channels come last.
fn channels_first(graph: &Graph, input: &[f32]) -> Vec<f32> {
    let channels = graph.input_shape().channels as usize;
    (0..channels).flat_map(|channel| input.iter().skip(channel).step_by(channels)).copied().collect()
}

fn left_out(imported: &Import, operator: &str) -> bool {
    imported.notes.iter().any(|note| note.contains(&format!(" {operator} ")))
}

/// Compares the largest score at every place of the input, to whose size the client brings a map.
fn decisions(imported: &Import, graph: &Graph, scores: &[f32], wanted: &[f32]) -> Option<String> {
    let Some(upsampling) =
        Upsampling::to_input(graph.output_shape(), graph.input_shape(), imported.graph.interpolation)
    else {
        return Some("the map is not interpolated".into());
    };
    let got = upsampling.decisions(scores);
    let wanted = largest(wanted, graph.output_shape().channels as usize);
    (got != wanted).then(|| format!("decisions {got:?}, not {wanted:?}"))
}

/// The channel with the largest number at every place, the first of equal ones.
fn largest(numbers: &[f32], channels: usize) -> Vec<u32> {
    let places = numbers.len() / channels;
    let at = |place: usize| (0..channels).map(move |channel| numbers[channel * places + place]);
    let best = |place| {
        at(place)
            .enumerate()
            .max_by(|a: &(usize, f32), b: &(usize, f32)| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    };
    (0..places).map(|place| best(place).map_or(0, |(channel, _)| channel as u32)).collect()
}

/// The scores after the operators that were left out, which the notes name.
fn finished(imported: &Import, graph: &Graph, scores: Vec<f32>) -> Vec<f32> {
    let channels = graph.output_shape().channels as usize;
    let places = scores.len() / channels;
    let at = |place: usize| (0..channels).map(move |channel| channel * places + place);
    let mut results = scores.clone();
    if left_out(imported, "ArgMax") {
        return largest(&scores, channels).into_iter().map(|channel| channel as f32).collect();
    }
    if left_out(imported, "Softmax") || left_out(imported, "LogSoftmax") {
        for place in 0..places {
            let largest = at(place).map(|index| scores[index]).fold(f32::MIN, f32::max);
            let sum: f32 = at(place).map(|index| (scores[index] - largest).exp()).sum();
            for index in at(place) {
                let log = scores[index] - largest - sum.ln();
                results[index] = if left_out(imported, "LogSoftmax") { log } else { log.exp() };
            }
        }
    }
    results
}

#[test]
fn every_network_is_equal_or_refused() {
    let chosen = std::env::var_os(ARCHIVE).map(PathBuf::from);
    let cases = cases(&chosen.clone().unwrap_or_else(|| folder().join("cases.zip")));
    let (mut equal, mut refused, mut different) = (0, Vec::new(), Vec::new());
    for (name, case) in &cases {
        match outcome(name, case) {
            Outcome::Equal => equal += 1,
            Outcome::Refused(why) => refused.push(format!("{name}: {why}")),
            Outcome::Different(how) => different.push(format!("{name}: {how}")),
        }
    }
    println!("{equal} of {} equal, {} refused", cases.len(), refused.len());
    let wrong = different.join("\n");
    if chosen.is_some() {
        assert!(different.is_empty() && refused.is_empty(), "{wrong}\n{}", refused.join("\n"));
        return;
    }
    let list = folder().join("refused.txt");
    let said = refused.iter().map(|line| format!("{line}\n")).collect::<String>();
    if std::env::var_os("BRELU_UPDATE").is_some() {
        std::fs::write(&list, &said).unwrap();
    }
    assert!(different.is_empty(), "{wrong}");
    assert_eq!(
        said,
        std::fs::read_to_string(&list).unwrap_or_default(),
        "BRELU_UPDATE=1 writes {}",
        list.display()
    );
}
