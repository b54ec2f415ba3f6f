//! `brelu train`: what it leaves, what it survives, what it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use brelu_tools::blocks::Spec;
use brelu_tools::onnx::{ImportOptions, import_file};
use brelu_tools::training::parse;

use crate::blocks::{self, names};
use crate::fixture;
use crate::support::{BRELU, brelu, json};

/// Everything but the number of steps and the output.
const TRAIN: &str = "train ../tiny.onnx --data ../train/pictures --mean .5 --std .25 --batch 4";

/// A folder of its own; pictures with classes are in `../train/pictures`.
fn folder(name: &str) -> PathBuf {
    static PICTURES: OnceLock<()> = OnceLock::new();
    PICTURES.get_or_init(|| {
        let pictures = blocks::folder("train").join("pictures");
        fs::create_dir_all(&pictures).unwrap();
        for index in 0..8 {
            let name = format!("{index}.ppm");
            fs::copy(fixture::folder().join("pictures").join(&name), pictures.join(&name)).unwrap();
        }
        let lines: String = (0..8).map(|index| format!("{index}.ppm,{}\n", index / 2)).collect();
        fs::write(pictures.join("labels.csv"), lines).unwrap();
    });
    blocks::folder(name)
}

fn run(folder: &Path, arguments: &str) -> String {
    brelu(folder, &format!("{TRAIN} {arguments}")).succeeds()
}

#[test]
fn a_network_is_trained_with_its_blocks() {
    let place = folder("trained");
    blocks::chosen();
    let arguments = "--spec ../chosen/tiny.json -o out.onnx --epochs 30 --rate .05 --validate ../train/pictures \
                     --no-flip --crop 0 --distil --share .1";
    let text = run(&place, arguments);
    assert!(text.contains("epoch   30.00") && text.contains("decisions an image"), "{text}");
    assert_eq!(names(&place), ["out.history.csv", "out.onnx", "out.spec.json"]);

    let rows = parse(&fs::read_to_string(place.join("out.history.csv")).unwrap()).unwrap();
    let accuracy = |row: usize| rows[row].validation.unwrap().accuracy;
    assert!(rows.iter().any(|row| row.validation.is_some_and(|scores| scores.accuracy >= 0.75)), "{rows:?}");
    assert!(rows.last().unwrap().loss < rows[0].loss, "{rows:?}");
    assert_eq!((rows.len(), rows.last().unwrap().step), (60, 60));
    assert!(accuracy(59) <= 1.0);

    brelu(&place, "report --history out.history.csv -o report.html --png figures").succeeds();
    assert!(fs::read_to_string(place.join("report.html")).unwrap().contains("training-accuracy"));
    assert_eq!(names(&place.join("figures")).len(), 3);
    brelu(&place, "report --history out.spec.json -o other.html").fails(&["out.spec.json", "no history"]);

    let old = Spec::read(&blocks::chosen().join("tiny.json")).unwrap();
    let new = Spec::read(&place.join("out.spec.json")).unwrap();
    let (before, after) = (old.origin.as_ref().unwrap(), new.origin.as_ref().unwrap());
    assert_ne!(before.model_sha256, after.model_sha256);
    assert_eq!(old.layers, new.layers);
    let graph = import_file(&place.join("out.onnx"), &ImportOptions::default()).unwrap().graph;
    new.check_for(&graph).unwrap();

    let evaluated = "evaluate --float --model out.onnx --spec out.spec.json --data ../train/pictures --mean .5 --std .25 --json";
    let json = json(&brelu(&place, evaluated).succeeds());
    let best = rows.iter().filter_map(|row| row.validation).map(|scores| scores.accuracy).fold(0.0, f64::max);
    assert_eq!(json[1]["top1"].as_f64(), Some(best), "{json}");

    let compile =
        "compile out.onnx --spec out.spec.json -o out --calibrate ../train/pictures --mean .5 --std .25";
    brelu(&place, &format!("{TRAIN} -o ../tiny.onnx")).fails(&["tiny.onnx would be written over"]);
    brelu(&place, compile).succeeds();
    // Nothing takes the place of what is there without a word.
    let again = brelu(&place, compile);
    again.fails(&["out.weights is there already", "--force"]);
    brelu(&place, &format!("{compile} --force")).succeeds();
    brelu(&place, &format!("{TRAIN} -o out.onnx")).fails(&["out.onnx is there already", "--force"]);
    fs::copy(place.join("out.spec.json"), place.join("same.json")).unwrap();
    let same = "compile out.onnx --spec same.json -o same --calibrate ../train/pictures --mean .5 --std .25";
    brelu(&place, same).fails(&["same.json would be written over", "give another --out"]);
}

/// The network that an uninterrupted training of `arguments` gives.
fn whole(place: &Path, arguments: &str) -> Vec<u8> {
    run(place, &format!("{arguments} -o whole.onnx"));
    fs::read(place.join("whole.onnx")).unwrap()
}

#[test]
fn a_killed_training_ends_with_the_same_network() {
    let place = folder("killed");
    let arguments = "--iterations 600 --rate .02 --validate ../train/pictures --save-every 0.001";
    let whole = whole(&place, arguments);
    let words = format!("{TRAIN} {arguments} -o killed.onnx");
    for pause in [20, 90] {
        let mut child = Command::new(BRELU)
            .args(words.split_whitespace())
            .current_dir(&place)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while !place.join("killed.onnx.training").exists() && started.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success(), "it was over before it could be killed");
        assert!(!place.join("killed.onnx").exists());
    }
    let text = run(&place, &format!("{arguments} -o killed.onnx"));
    assert!(text.contains("trained      600 steps"), "{text}");
    assert_eq!(fs::read(place.join("killed.onnx")).unwrap(), whole);
    let history = |name: &str| fs::read_to_string(place.join(name)).unwrap();
    assert_eq!(history("killed.history.csv"), history("whole.history.csv"));
    assert!(!place.join("killed.onnx.training").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupted_training_says_how_to_go_on() {
    let place = folder("interrupted");
    let words = format!("{TRAIN} --iterations 100000 -o out.onnx");
    let child = Command::new(BRELU)
        .args(words.split_whitespace())
        .current_dir(&place)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !place.join("out.onnx.training").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("of 100000 steps: the same command goes on from there"), "{said}");

    let other = brelu(&place, &format!("{TRAIN} --iterations 100000 --rate .01 -o out.onnx"));
    other.fails(&["out.onnx.training", "other options", "--restart"]);
    fs::write(place.join("out.onnx.training"), "nonsense").unwrap();
    brelu(&place, &words).fails(&["out.onnx.training", "damaged", "--restart"]);
    run(&place, "--iterations 3 -o out.onnx --restart");
    assert_eq!(names(&place), ["out.history.csv", "out.onnx"]);
}

#[test]
fn time_sets_the_number_of_steps() {
    let place = folder("timed");
    let started = Instant::now();
    let text = run(&place, "--minutes 0.03 -o out.onnx --record-every 1");
    assert!(started.elapsed() < Duration::from_secs(60), "{text}");
    let rows = parse(&fs::read_to_string(place.join("out.history.csv")).unwrap()).unwrap();
    assert!(rows.len() > 3 && rows.last().unwrap().rate < rows[rows.len() / 2].rate / 2.0, "{text}");
}

#[test]
fn parameters_from_scratch_depend_on_the_seed() {
    let place = folder("scratch");
    for (name, seed) in [("a", 1), ("b", 1), ("c", 2)] {
        run(&place, &format!("--init --iterations 2 --seed {seed} -o {name}.onnx"));
    }
    let [a, b, c] = ["a", "b", "c"].map(|name| fs::read(place.join(format!("{name}.onnx"))).unwrap());
    assert!(a == b && a != c);
}

#[test]
fn what_does_not_fit_is_one_sentence() {
    let place = folder("refused");
    let refused = |arguments: &str, words: &[&str]| {
        brelu(&place, &format!("{TRAIN} --iterations 5 {arguments}")).fails(words);
        assert!(!place.join("out.onnx").exists());
    };
    refused("-o missing/out.onnx", &["missing", "no folder"]);
    refused("-o out.onnx --class-offset 2", &["class 2", "classes 0 to 1", "--class-offset"]);
    refused("-o out.onnx --rate 1e6 --restart", &["the loss is", "lower --rate"]);
    fs::write(
        place.join("other.json"),
        r#"{"format": "brelu-spec-1", "layers": [{"name": "nothing", "channels": []}]}"#,
    )
    .unwrap();
    refused("-o out.onnx --spec other.json --restart", &["other.json", "nothing", "another network"]);
    fs::create_dir_all(place.join("wide")).unwrap();
    fs::write(place.join("wide/001_a.ppm"), b"P6\n2 1\n255\n123456").unwrap();
    let wide = TRAIN.replace("../train/pictures", "wide");
    brelu(&place, &format!("{wide} --iterations 5 -o out.onnx")).fails(&["exactly 8 and 8"]);
    let unlabelled = TRAIN.replace("../train/pictures", "../pictures");
    brelu(&place, &format!("{unlabelled} --iterations 5 -o out.onnx --restart")).fails(&["has no class"]);
}

#[test]
fn contradictions_are_wrong_usage() {
    let place = folder("misused");
    brelu(&place, &format!("{TRAIN} --epochs 2 --minutes 1 -o out.onnx")).misuses(&["--minutes"]);
    brelu(&place, &format!("{TRAIN} --recipe nothing -o out.onnx")).misuses(&["cifar-block"]);
    brelu(&place, &format!("{TRAIN} --rate 0 -o out.onnx")).misuses(&["above 0"]);
    brelu(&place, &format!("{TRAIN} --warm-up 5x -o out.onnx")).misuses(&["1000it"]);
}
