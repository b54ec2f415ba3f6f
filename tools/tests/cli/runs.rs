//! Commands that succeed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fixture::folder;
use crate::support::{BRELU, Listening, brelu};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_demonstration_agrees_with_the_float_network() {
    let text = brelu(folder(), "demo --count 3 --bits 30 --fraction 14 --window 9").succeeds();
    let words = [
        "random convolutions",
        "agreement with float 100.00 %",
        "yes, of 3 inferences",
        "round trips          7",
    ];
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
}

#[test]
fn networks_of_ones_own_can_be_demonstrated() {
    let text =
        brelu(folder(), "demo --model tiny.onnx --images pictures --count 4 --mean .5 --std .25").succeeds();
    assert!(text.contains("yes, of 4 inferences") && text.contains("\n3.ppm"), "{text}");
}

#[test]
fn a_plan_can_be_looked_at() {
    brelu(folder(), "import tiny.onnx").succeeds();
    let text = brelu(folder(), "inspect tiny.plan").succeeds();
    assert!(
        text.contains("block-ReLU") && text.contains("16->29") && text.contains("round trips   1"),
        "{text}"
    );
    let report = json(&brelu(folder(), "inspect tiny.plan --json").succeeds());
    let parts =
        report["layers"].as_array().unwrap().iter().map(|layer| layer["bytes"]["total"].as_u64().unwrap());
    assert_eq!(Some(parts.sum()), report["bytes"]["total"].as_u64());
    assert_eq!(report["decisions"], 6 * 64);
}

#[cfg(unix)]
#[test]
fn weights_are_private_and_plans_are_not() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |name: &str| fs::metadata(folder().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode("tiny.weights"), mode("tiny.json")], [0o600; 2]);
    assert_eq!(mode("tiny.plan") & 0o600, 0o600);
}

#[test]
fn three_processes_classify_and_account_for_every_byte() {
    let dealer = Listening::start(folder(), "deal");
    let line = format!("serve --plan tiny.plan --weights tiny.weights --dealer {} --ready 2", dealer.address);
    let server = Listening::start(folder(), &line);
    let images = "pictures/0.ppm pictures/1.ppm pictures/2.ppm";
    let infer = format!("infer --plan tiny.plan --server {} {images}", server.address);
    let text = brelu(folder(), &infer).succeeds();
    assert!(text.contains("traffic equals the formulas: yes") && text.contains("warm"), "{text}");
    let report = json(&brelu(folder(), &format!("{infer} --json --top 2")).succeeds());
    for image in report["images"].as_array().unwrap() {
        assert_eq!(image["bytes"], report["expected_bytes"]);
        assert_eq!(image["exact"], true);
        assert_eq!(image["round_trips"], report["expected_round_trips"]);
        assert_eq!(image["top"].as_array().unwrap().len(), 2);
    }
    let line = format!(
        "evaluate --plan tiny.plan --server {} --data pictures --model tiny.onnx --json",
        server.address
    );
    let report = json(&brelu(folder(), &line).succeeds());
    assert_eq!(
        (&report["agreement"], &report["exact"], &report["images"]),
        (&1.0.into(), &true.into(), &8.into())
    );
}

#[test]
fn evaluations_can_go_on() {
    let log = folder().join("evaluation.jsonl");
    drop(fs::remove_file(&log));
    let line = "evaluate --plan tiny.plan --spawn --weights tiny.weights --data pictures --json --jobs 2 \
                --log evaluation.jsonl";
    let report = json(&brelu(folder(), &format!("{line} --count 3")).succeeds());
    assert_eq!((&report["images"], &report["complete"]), (&3.into(), &true.into()));
    let first = fs::read_to_string(&log).unwrap();
    // As if it had been cut off while a line was written.
    fs::write(&log, &first[..first.len() - 10]).unwrap();
    let report = json(&brelu(folder(), line).succeeds());
    assert_eq!((&report["images"], &report["round_trips"]), (&8.into(), &vec![1, 1].into()));
    let second = fs::read_to_string(&log).unwrap();
    let kept: Vec<&str> = first.lines().take(3).collect();
    assert!(second.starts_with(&kept.join("\n")));
    assert_eq!(second.lines().count(), 9);
}

#[test]
fn simulations_agree_with_the_float_network() {
    let line = "evaluate --plan tiny.plan --simulate --weights tiny.weights --data pictures --model tiny.onnx --jobs 3";
    let text = brelu(folder(), line).succeeds();
    assert!(text.contains("agreement with float 100.00 %"), "{text}");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let mut child = Command::new(BRELU)
        .args(["inspect", "tiny.plan", "--json"])
        .current_dir(folder() as &Path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
