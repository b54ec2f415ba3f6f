//! Commands that succeed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::fixture::folder;
use crate::support::{BRELU, Listening, brelu, json, json_lines};

/// The numbers of a row of a table.
fn row(text: &str, name: &str) -> Vec<f64> {
    let row =
        text.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap_or_else(|| panic!("{text}"));
    row.replace(',', "").split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn the_demonstration_classifies_pictures_with_and_without_blocks() {
    let text = brelu(folder(), "demo --count 10 --sheet sheet.png").succeeds();
    // Of each network: pictures, of 10. Masks are fresh, so a label near a boundary may differ from run to run.
    for name in ["right", "as in the clear"] {
        assert!(matches!(row(&text, name)[..], [9.0..=10.0, 10.0, 8.0..=10.0, 10.0]), "{text}");
    }
    assert_eq!(row(&text, "as the formulas say"), [10.0; 4]);
    assert_eq!(row(&text, "round trips"), [7.0; 2]);
    let decisions = row(&text, "sign decisions");
    assert!(decisions[0] == 73_728.0 && decisions[1] <= 0.12 * decisions[0], "{text}");
    assert!(text.contains("Block-ReLU takes 1") && text.contains("of the bytes"), "{text}");
    let sheet = fs::read(folder().join("sheet.png")).unwrap();
    assert!(sheet.starts_with(b"\x89PNG") && sheet.len() > 10_000);
}

#[test]
fn the_demonstration_has_other_pictures_and_fixed_networks() {
    let pictures = |line: &str| {
        let text = brelu(folder(), line).succeeds();
        let rows = text.lines().filter_map(|line| line.strip_prefix("picture ")?.split_once("  "));
        let rows = rows.filter(|(number, _)| number.parse::<usize>().is_ok());
        // The truth; what is classified may differ from run to run.
        rows.filter_map(|(_, row)| Some(row.split_whitespace().next()?.to_owned())).collect::<Vec<_>>()
    };
    let [first, again, other] =
        [3, 3, 4].map(|seed| pictures(&format!("demo --count 5 --seed {seed} --sheet other-{seed}.png")));
    assert_eq!(first.len(), 5);
    assert_eq!(first, again);
    assert_ne!(first, other);
    brelu(folder(), "demo --bits 30 --fraction 14 --window 9").fails(&["give --model and --images"]);
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
    let images = json_lines(&brelu(folder(), &format!("{infer} --json --top 2")).succeeds());
    assert_eq!(images.len(), 3);
    for image in images {
        assert_eq!(image["bytes"], image["expected_bytes"]);
        assert_eq!(image["exact"], true);
        assert_eq!(image["round_trips"], image["expected_round_trips"]);
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
fn what_is_prepared_may_lie_on_disk() {
    let line = "evaluate --plan tiny.plan --spawn --store disk --weights tiny.weights --data pictures --json --jobs 2";
    let report = json(&brelu(folder(), line).succeeds());
    assert_eq!((&report["images"], &report["exact"]), (&8.into(), &true.into()), "{report}");
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
