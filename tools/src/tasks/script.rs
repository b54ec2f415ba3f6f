use std::fmt::Write as _;

use super::Task;

/// What a user says of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The folder of the data set.
    pub data: String,
    /// Published weights: a PyTorch checkpoint or a safetensors file.
    pub weights: Option<String>,
    /// What may be spent, as `brelu knapsack --budget` takes it.
    pub budget: String,
    /// What it is counted in, as `brelu knapsack --cost` takes it.
    pub cost: String,
    /// Factor on the channels.
    pub width: f64,
    /// Few images and steps everywhere, to see that all of it runs.
    pub quick: bool,
}

/// The functions of every script.
const HEAD: &str = r#"set -eu
brelu=${BRELU:-brelu}

# A step whose result is there is left out. A training that was interrupted goes on.
step() {
    result=$1
    shift
    [ -e "$result" ] || "$brelu" "$@"
}
"#;

/// A script for a POSIX shell that does the task in the folder it is started in.
pub fn script(task: &Task, choice: &Choice) -> String {
    let mut script = Script { task, choice, text: String::new(), network: "net.onnx" };
    script.head();
    script.network();
    script.pool();
    script.blocks();
    script.inference();
    script.text
}

struct Script<'a> {
    task: &'a Task,
    choice: &'a Choice,
    text: String,
    /// The file of the network as it is now.
    network: &'static str,
}

impl Script<'_> {
    fn line(&mut self, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{line}");
    }

    /// A step with its result and the arguments of `brelu`.
    fn step(&mut self, about: &str, result: &str, arguments: &[&str]) {
        let words: Vec<&str> = arguments.iter().copied().filter(|words| !words.is_empty()).collect();
        self.line(&format!("\n# {about}"));
        self.line(&format!("step {result} {}", words.join(" ")));
    }

    fn head(&mut self) {
        let Task { name, about, layout, .. } = self.task;
        self.line("#!/bin/sh");
        self.line(&format!("# {name}: {about}, at a budget of {}.", comment(&self.choice.budget)));
        self.line(&format!("# The data folder has {layout}."));
        self.text.push_str(HEAD);
        let [train, validate] = self.task.data.map(|part| quoted(&place(&self.choice.data, part)));
        self.line(&format!("train={train}"));
        self.line(&format!("validate={validate}"));
    }

    fn network(&mut self) {
        let weights = self.choice.weights.as_ref().map(|path| format!("--weights {}", quoted(path)));
        let width =
            if self.choice.width == 1.0 { String::new() } else { format!("--width {}", self.choice.width) };
        let relu = if self.task.blocks == "ade-block" { "--relu" } else { "" };
        let (name, seed) = (self.task.network, if weights.is_none() { "--seed 1" } else { "" });
        self.step(
            "The network: published weights, or generated ones.",
            "net.onnx",
            &["new", name, &width, relu, seed, weights.as_deref().unwrap_or_default(), "-o net.onnx"],
        );
        if let (Some(recipe), None) = (self.task.scratch, &self.choice.weights) {
            self.train("From scratch, with every ReLU.", "base.onnx", recipe, "");
        }
    }

    fn pool(&mut self) {
        if let Some(recipe) = self.task.pool {
            self.train("Average pooling in the place of max-pooling.", "pooled.onnx", recipe, "");
        }
    }

    /// A training of the network as it is now, which is then what it gives.
    fn train(&mut self, about: &str, to: &'static str, recipe: &str, more: &str) {
        let (from, inputs) = (self.network, self.task.preprocessing);
        let recipe = format!("--recipe {recipe}");
        let quick =
            if self.choice.quick { "--iterations 2 --batch 4 --count 16 --validate-count 4" } else { "" };
        let out = format!("-o {to}");
        self.step(
            about,
            to,
            &[
                "train",
                from,
                more,
                &recipe,
                quick,
                "--data \"$train\" --validate \"$validate\"",
                inputs,
                &out,
            ],
        );
        self.network = to;
    }

    fn blocks(&mut self) {
        let (network, inputs, choice) = (self.network, self.task.preprocessing, self.choice);
        let samples = format!("--count {}", if choice.quick { 2 } else { self.task.samples });
        self.step(
            "What every channel and block size does to the output.",
            "net.parquet",
            &["distort", network, &samples, "--data \"$train\"", inputs, "-o net.parquet"],
        );
        let cost = format!("--cost {} --budget {}", quoted(&choice.cost), quoted(&choice.budget));
        let refine = format!("--refine 8 --model {network} --data \"$train\" {samples} {inputs}");
        let refine = if choice.quick { "" } else { &refine };
        self.step(
            "The block sizes of least distortion for the budget.",
            "spec.json",
            &["knapsack net.parquet", &cost, refine, "-o spec.json"],
        );
        self.line("\"$brelu\" report net.parquet spec.json -o report.html --force");
        self.train(
            "Training with them, with the network as it was for a teacher.",
            "blocks.onnx",
            self.task.blocks,
            "--spec spec.json --distil",
        );
    }

    fn inference(&mut self) {
        let (inputs, quick) = (self.task.preprocessing, self.choice.quick);
        let images = if quick { "--images-count 2" } else { "" };
        self.step(
            "What server and clients need.",
            "private.plan",
            &[
                "compile blocks.onnx --spec blocks.spec.json --calibrate \"$train\"",
                images,
                inputs,
                "-o private",
            ],
        );
        let count = if quick { 1 } else { 100 };
        self.line(
            "\n# Private inferences of server, dealer and client, each a process of its own on this machine.",
        );
        self.line(&format!(
            "\"$brelu\" evaluate --spawn --plan private.plan --weights private.weights --data \"$validate\" \\\n    \
             --model blocks.onnx --spec blocks.spec.json --count {count}"
        ));
    }
}

/// A part of the data folder: a file or folder in it, or a list that a colon names.
fn place(folder: &str, part: &str) -> String {
    let folder = folder.trim_end_matches('/');
    if part.starts_with(':') { format!("{folder}{part}") } else { format!("{folder}/{part}") }
}

/// One word for a shell, whatever is in it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Text that ends with its line.
fn comment(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}
