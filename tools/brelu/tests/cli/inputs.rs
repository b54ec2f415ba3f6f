//! Files that are missing, damaged or of something else.

use std::fs;

use prost::Message;

use crate::fixture::{folder, model};
use crate::support::{Ran, brelu};

/// Writes `bytes` beside the fixture's files.
fn write(name: &str, bytes: &[u8]) {
    fs::write(folder().join(name), bytes).unwrap();
}

fn read(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap()
}

fn run(line: &str) -> Ran {
    brelu(folder(), line)
}

#[test]
fn damaged_plans_are_refused() {
    let plan = read("tiny.plan");
    let damaged = |name: &str, change: &dyn Fn(&mut Vec<u8>), words: &[&str]| {
        let mut bytes = plan.clone();
        change(&mut bytes);
        write(name, &bytes);
        run(&format!("inspect {name}")).fails(&[&[name], words].concat());
    };
    damaged("cut.plan", &|bytes| bytes.truncate(100), &["should have", "has 100", "compile it again"]);
    damaged("longer.plan", &|bytes| bytes.push(0), &["cut or extended"]);
    damaged("flipped.plan", &|bytes| bytes[200] ^= 4, &["checksum"]);
    damaged("version.plan", &|bytes| bytes[8] = 77, &["version 77", "compile the network again"]);
    damaged("magic.plan", &|bytes| bytes[0] = b'X', &["not a brelu plan"]);
    damaged("empty.plan", &|bytes| bytes.clear(), &["not a brelu plan"]);
    run("inspect nowhere.plan").fails(&["cannot read nowhere.plan"]);
    run("inspect tiny.weights").fails(&["not a brelu plan"]);
}

#[test]
fn damaged_weights_are_refused() {
    let weights = read("tiny.weights");
    let damaged = |name: &str, change: &dyn Fn(&mut Vec<u8>), words: &[&str]| {
        let mut bytes = weights.clone();
        change(&mut bytes);
        write(name, &bytes);
        let line = format!("serve --plan tiny.plan --weights {name} --listen 127.0.0.1:0");
        run(&line).fails(&[&[name], words].concat());
    };
    damaged("cut.weights", &|bytes| bytes.truncate(60), &["cut or altered"]);
    damaged("flipped.weights", &|bytes| bytes[100] ^= 1, &["cut or altered"]);
    damaged("version.weights", &|bytes| bytes[8] = 9, &["version 9"]);
    damaged("magic.weights", &|bytes| bytes[0] = 0, &["not a brelu weights file"]);
    run("serve --plan tiny.plan --weights other.weights --listen 127.0.0.1:0").fails(&["another plan"]);
    run("evaluate --plan tiny.plan --simulate --weights other.weights --data pictures")
        .fails(&["another plan"]);
    run("evaluate --plan tiny.plan --spawn --weights other.weights --data pictures").fails(&["another plan"]);
}

#[test]
fn pictures_that_cannot_be_used_are_named() {
    write("note.png", b"not a picture");
    write("large.ppm", b"P6\n1 1\n255\nabc");
    let infer = |image: &str| run(&format!("infer --plan tiny.plan --server 127.0.0.1:1 {image}"));
    infer("nowhere.png").fails(&["cannot read nowhere.png"]);
    infer("note.png").fails(&["note.png", "picture"]);
    infer("large.ppm").fails(&["large.ppm", "1 rows", "exactly 8 and 8", "--fit"]);
}

#[test]
fn networks_that_cannot_be_compiled_name_the_node() {
    write("sin.onnx", &model("Sin").encode_to_vec());
    write("cut.onnx", &model("Relu").encode_to_vec()[..300]);
    run("import sin.onnx").fails(&["sin.onnx", "\"active\"", "Sin"]);
    run("import cut.onnx").fails(&["cut.onnx", "damaged"]);
    run("import nowhere.onnx").fails(&["cannot read nowhere.onnx"]);
    run("import tiny.onnx --output nothing").fails(&["nothing"]);
}

#[test]
fn compiling_says_what_is_missing_and_writes_nothing() {
    // In a folder of its own: other tests write beside the fixture's files meanwhile.
    let place = crate::blocks::folder("lost");
    let fails = |rest: &str, words: &[&str]| {
        brelu(&place, &format!("compile ../tiny.onnx -o {rest}")).fails(words);
    };
    fails("lost", &["--calibrate"]);
    fails("lost --calibrate nowhere", &["nowhere"]);
    fails("lost --calibrate ../pictures --margin 0", &["margin"]);
    fails("lost --calibrate ../pictures --order grey", &["preprocessing"]);
    fails("lost --calibrate ../pictures --bits 40 --fraction 12 --window 6", &["format"]);
    fs::write(place.join("three.txt"), b"a\nb\nc\n").unwrap();
    fails("lost --calibrate ../pictures --labels three.txt", &["three.txt", "4 classes"]);
    fails("none/lost --calibrate ../pictures", &["cannot write none/lost.weights"]);
    assert_eq!(crate::blocks::names(&place), ["three.txt"]);
}

#[test]
fn evaluating_says_what_does_not_fit() {
    let with =
        |rest: &str| run(&format!("evaluate --plan tiny.plan --simulate --weights tiny.weights {rest}"));
    with("--data nowhere").fails(&["nowhere"]);
    with("--data pictures --skip 8").fails(&["8 images", "none is left"]);
    with("--data pictures --model tiny.onnx --mean .4").fails(&["not the one the plan was compiled with"]);
    write("some.jsonl", b"{}\n");
    with("--data pictures --log some.jsonl").fails(&["some.jsonl", "another"]);
    // A plan is enough.
    write("alone.plan", &read("tiny.plan"));
    let alone = "evaluate --plan alone.plan --simulate --weights tiny.weights --data pictures --model tiny.onnx --json";
    let report = |line: &str| crate::support::json(&run(line).succeeds());
    let (own, beside) = (report(alone), report(&alone.replace("alone.plan", "tiny.plan")));
    assert_eq!((&own["agreement"], &beside["agreement"]), (&1.0.into(), &1.0.into()));
    let errors = [own, beside].map(|report| report["mean_error"].as_f64().unwrap());
    assert!((errors[0] - errors[1]).abs() < 1e-4 * errors[1].max(1e-3), "{errors:?}");
    run(&format!("{} --mean .4", alone.replace(" --json", "")))
        .fails(&["not the one the plan was compiled with"]);
}

#[test]
fn a_kernel_that_cannot_be_had_is_said() {
    let output = std::process::Command::new(crate::support::BRELU)
        .args(["inspect", "tiny.plan"])
        .current_dir(folder())
        .env("BRELU_KERNEL", "abacus")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && words.contains("abacus"), "{words}");
}
