//! Scripts of the paper's tasks, run as users run them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{BRELU, brelu};

/// Records of CIFAR-100 with pixels of a few colours.
fn records(count: usize) -> Vec<u8> {
    let record = |at: usize| {
        let pixels = (0..3072).map(move |pixel| ((pixel / 64 + 7 * at) * (at % 5 + 1) % 251) as u8);
        [(at % 20) as u8, (at % 100) as u8].into_iter().chain(pixels)
    };
    (0..count).flat_map(record).collect()
}

/// What a shell prints for a script, which must succeed.
fn sh(folder: &Path, script: &str) -> String {
    let mut shell = Command::new("sh")
        .current_dir(folder)
        .env("BRELU", BRELU)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = shell.wait_with_output().unwrap();
    let [text, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{text}\n{errors}\n{script}");
    text
}

#[cfg(unix)]
#[test]
fn a_task_goes_from_a_data_set_to_private_inferences() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cifar 100");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("train.bin"), records(16)).unwrap();
    fs::write(data.join("test.bin"), records(4)).unwrap();
    let line = "tasks cifar100-resnet18 --width .125 --quick --budget 25%";
    let script = brelu_with(folder.path(), line, &["--data", "cifar 100"]);
    let text = sh(folder.path(), &script);
    assert!(text.contains("yes, of 1 inferences"), "{text}");
    for name in
        ["net.onnx", "base.onnx", "net.parquet", "spec.json", "report.html", "blocks.onnx", "private.plan"]
    {
        assert!(folder.path().join(name).is_file(), "{name} is missing: {text}");
    }
    // Everything is there but the last inference.
    let before = fs::metadata(folder.path().join("base.onnx")).unwrap().modified().unwrap();
    let again = sh(folder.path(), &script);
    assert!(again.contains("yes, of 1 inferences") && !again.contains("trained"), "{again}");
    assert_eq!(fs::metadata(folder.path().join("base.onnx")).unwrap().modified().unwrap(), before);
}

fn brelu_with(folder: &Path, line: &str, more: &[&str]) -> String {
    let words = line.split_whitespace().chain(more.iter().copied());
    let output = Command::new(BRELU).current_dir(folder).args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn tasks_are_listed_and_unknown_ones_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = brelu(folder.path(), "tasks").succeeds();
    for name in ["cifar100-resnet18", "imagenet-resnet50", "ade20k-mobilenetv2", "voc-resnet50"] {
        assert!(text.contains(name), "{text}");
    }
    brelu(folder.path(), "tasks mnist --data x").fails(&["there is no task \"mnist\"", "cifar100-resnet18"]);
    brelu(folder.path(), "tasks cifar100-resnet18").misuses(&["--data"]);
}
