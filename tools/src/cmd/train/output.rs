//! What a training leaves: the network, its block sizes, its history.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use brelu_tools::blocks::Spec;
use brelu_tools::onnx;
use brelu_tools::report::{Lines, count, hex, percent, seconds};
use brelu_tools::training::{Row, State, Training, csv};
use sha2::{Digest, Sha256};

use super::super::files::{Access, check_distinct, check_place, write_all};
use super::network::Subject;

/// Where everything goes.
#[derive(Debug)]
pub(super) struct Files {
    network: PathBuf,
    spec: Option<PathBuf>,
    history: PathBuf,
}

impl Files {
    /// Files beside `out`; a folder that is not there is said now.
    pub(super) fn new(out: &Path, spec: Option<&Path>) -> Result<Self> {
        check_place(out)?;
        let files = Self {
            network: out.into(),
            // Another name than that of the record which `brelu compile` writes under the network's.
            spec: spec.map(|_| out.with_extension("spec.json")),
            history: out.with_extension("history.csv"),
        };
        if let (Some(from), Some(to)) = (spec, &files.spec) {
            check_distinct(to, from)?;
        }
        Ok(files)
    }

    /// What is written; `begun` says whether the history is there already.
    pub(super) fn results(&self, begun: bool) -> Vec<&Path> {
        let history = (!begun).then_some(self.history.as_path());
        [self.network.as_path()].into_iter().chain(self.spec.as_deref()).chain(history).collect()
    }

    pub(super) fn write_history(&self, rows: &[Row]) -> Result<()> {
        write_all(&[(self.history.clone(), Access::Public, csv(rows).as_bytes())])
    }

    /// Writes the network that did best, with its block sizes.
    pub(super) fn write(&self, subject: &Subject, state: &State) -> Result<()> {
        let graph = state.best_graph(subject.trainable());
        let network = onnx::export(&graph).context("the trained network cannot be written")?;
        let spec = subject.spec().map(|spec| described(spec, &network)).transpose()?;
        let mut files = vec![(self.network.clone(), Access::Public, network.as_slice())];
        if let (Some(path), Some(spec)) = (&self.spec, &spec) {
            files.push((path.clone(), Access::Public, spec.as_bytes()));
        }
        let history = csv(state.history());
        files.push((self.history.clone(), Access::Public, history.as_bytes()));
        write_all(&files)
    }
}

/// The spec, said to be for the new network's file. Distortions and costs stay those it was chosen by.
fn described(spec: &Spec, network: &[u8]) -> Result<String> {
    let mut spec = spec.clone();
    if let Some(origin) = &mut spec.origin {
        let digest = hex(&Sha256::digest(network));
        let old = std::mem::replace(&mut origin.model_sha256, digest);
        origin.notes.push(format!("chosen for the network {old}, which was trained with it"));
    }
    Ok(serde_json::to_string_pretty(&spec)? + "\n")
}

/// What was done, for people.
pub(super) fn summary(
    subject: &Subject,
    training: &Training<'_>,
    state: &State,
    files: &Files,
    labels: &str,
    took: Duration,
    resumed: u64,
) -> Lines {
    let mut text = Lines::new(12);
    let graph = subject.graph();
    text.pair("network", &graph.name);
    subject.changes.iter().for_each(|change| text.pair("changed", change));
    if let Some(spec) = subject.spec() {
        text.pair("blocks", format_args!("{} decisions an image", count(spec.decisions(graph))));
    }
    text.pair("labels", labels);
    let steps = state.step() - resumed;
    let epochs = state.step() as f64 / training.steps_an_epoch() as f64;
    text.pair("trained", format_args!("{} steps, {epochs:.2} epochs", count(state.step())));
    let images = steps as f64 * training.options.batch as f64 / took.as_secs_f64().max(1e-9);
    let took = seconds(took.as_secs_f64());
    text.pair("time", format_args!("{took} for {} steps, {images:.0} images/s", count(steps)));
    match state.best() {
        Some((scores, step)) => {
            let mean_iou =
                scores.mean_iou.map_or(String::new(), |mean_iou| format!(", mIoU {}", percent(mean_iou)));
            let right = percent(scores.accuracy);
            text.pair("best", format_args!("{right} right{mean_iou}, after step {}", count(step)));
        }
        None => text.pair("best", "the last parameters: there was nothing to validate on"),
    }
    text.pair("wrote", files.network.display());
    files.spec.iter().for_each(|path| text.pair("wrote", path.display()));
    text.pair("wrote", files.history.display());
    text
}
