//! `evaluate --float`: block-ReLU in floating point, without a plan.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use brelu_tools::blocks::Spec;
use brelu_tools::evaluate::{BlockScores, compare};
use brelu_tools::interpreter::{Activation, Blocks, Interpreter};
use brelu_tools::net::{self, on_interrupt};
use brelu_tools::report::{Bar, Lines, Table, note, percent, print, print_json};
use serde::Serialize;

use super::samples::{DeviceName, SampleArgs};

/// What is compared.
#[derive(Debug)]
pub(crate) struct FloatEvaluation<'a> {
    pub(crate) model: &'a Path,
    pub(crate) data: &'a Path,
    pub(crate) specs: &'a [PathBuf],
    pub(crate) samples: SampleArgs,
    pub(crate) class_offset: usize,
    pub(crate) device: DeviceName,
    pub(crate) json: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    spec: Option<&'a Path>,
    drelus: Option<u64>,
    #[serde(flatten)]
    scores: &'a BlockScores,
}

impl FloatEvaluation<'_> {
    pub(crate) fn run(self) -> Result<()> {
        let samples = self.samples.read(self.model, self.data, usize::MAX)?;
        let graph = &samples.graph;
        let mut choices = Vec::new();
        for path in self.specs {
            let spec = Spec::read(path)?;
            spec.check_for(graph).with_context(|| path.display().to_string())?;
            choices.push((Blocks::new(graph, &spec), spec.decisions(graph)));
        }
        let interpreter = Interpreter::new(graph, &self.device.device()?)?;
        let labels: Vec<Option<usize>> =
            samples.labels.iter().map(|label| label.map(|label| label + self.class_offset)).collect();
        let runtime = net::runtime()?;
        let stop = on_interrupt(runtime.handle(), || note(format_args!("stopping")));
        let bar = Bar::new(samples.images.len() as u64, "evaluating");
        let activations: Vec<&dyn Activation> =
            choices.iter().map(|(blocks, _)| blocks as &dyn Activation).collect();
        let scores = compare(&interpreter, &activations, &samples.images, &labels, &mut |done| {
            bar.at(done as u64, samples.images.len() as u64);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        drop(bar);
        runtime.shutdown_background();
        let drelus: Vec<u64> = choices.iter().map(|(_, drelus)| *drelus).collect();
        self.report(&graph.name, &scores, &drelus)
    }

    fn report(&self, network: &str, scores: &[BlockScores], drelus: &[u64]) -> Result<()> {
        let names = std::iter::once(None).chain(self.specs.iter().map(|path| Some(path.as_path())));
        let drelus = std::iter::once(None).chain(drelus.iter().copied().map(Some));
        let rows: Vec<Row<'_>> = names
            .zip(drelus)
            .zip(scores)
            .map(|((spec, drelus), scores)| Row { spec, drelus, scores })
            .collect();
        if self.json {
            return Ok(print_json(&rows)?);
        }
        let mut table =
            Table::new(["blocks", "DReLUs", "top-1", "top-5", "agreement", "change of outputs"], 1);
        for row in &rows {
            let accuracy = |share: f64| if row.scores.labelled > 0 { percent(share) } else { "-".into() };
            table.row([
                row.spec.map_or("none: as it is".into(), |spec| spec.display().to_string()),
                row.drelus.map_or(String::new(), brelu_tools::report::count),
                accuracy(row.scores.top1),
                accuracy(row.scores.top5),
                percent(row.scores.agreement),
                percent(row.scores.relative),
            ]);
        }
        let mut text = Lines::new(12);
        text.pair("network", network);
        text.pair("images", scores.first().map_or(0, |scores| scores.images));
        text.block(table);
        Ok(print(text)?)
    }
}
