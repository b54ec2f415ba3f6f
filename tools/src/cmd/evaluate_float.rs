//! `evaluate --float`: block-ReLU in floating point, without a plan.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use brelu_tools::blocks::Spec;
use brelu_tools::evaluate::{BlockScores, Judge, MapSummary, Truth, compare};
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

impl Row<'_> {
    fn name(&self) -> String {
        self.spec.map_or("none: as it is".into(), |spec| spec.display().to_string())
    }

    /// Mean IoU and pixel accuracy of maps at the input's size, else top-1 and top-5, where masks or labels are known.
    fn accuracy(&self) -> [Option<f64>; 2] {
        let scores = self.scores;
        match &scores.map {
            Some(map) => [map.mean_iou, map.accuracy].map(Some),
            None => [scores.top1, scores.top5].map(|share| (scores.labelled > 0).then_some(share)),
        }
    }
}

/// The classes of maps: of every choice of blocks beside the network as it is, or of that alone.
fn classes(rows: &[Row<'_>], text: &mut Lines) {
    let Some((plain, choices)) = rows.split_first() else { return };
    let shown = if choices.is_empty() { &rows[..1] } else { choices };
    for row in shown {
        if let Some(scores) = row.scores.map.clone() {
            let float = plain.scores.map.clone().filter(|_| row.spec.is_some());
            text.line(row.name());
            text.block(MapSummary { scores, float }.table());
        }
    }
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
        let offset = u32::try_from(self.class_offset).context("--class-offset is too large")?;
        let (truth, judge) = (Truth { targets: &samples.targets, offset }, Judge::of_graph(graph, offset));
        for (index, target) in truth.targets.iter().enumerate() {
            judge.check(&format!("image {index} of {}", self.data.display()), target)?;
        }
        let runtime = net::runtime()?;
        let stop = on_interrupt(runtime.handle(), || note(format_args!("stopping")));
        let bar = Bar::new(samples.images.len() as u64, "evaluating");
        let activations: Vec<&dyn Activation> =
            choices.iter().map(|(blocks, _)| blocks as &dyn Activation).collect();
        let mut scores = compare(&interpreter, &activations, &samples.images, truth, &mut |done| {
            bar.at(done as u64, samples.images.len() as u64);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        drop(bar);
        runtime.shutdown_background();
        let drelus: Vec<u64> = choices.iter().map(|(_, drelus)| *drelus).collect();
        let label = |output: usize| samples.classes.get(output.checked_sub(self.class_offset)?).cloned();
        scores.iter_mut().filter_map(|scores| scores.map.as_mut()).for_each(|map| map.name(&label));
        self.report(&graph.name, &scores, &drelus, judge.is_map())
    }

    fn report(&self, network: &str, scores: &[BlockScores], drelus: &[u64], is_map: bool) -> Result<()> {
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
        let [first, second] = if is_map { ["mean IoU", "pixel accuracy"] } else { ["top-1", "top-5"] };
        let mut table = Table::new(["blocks", "DReLUs", first, second, "agreement", "change of outputs"], 1);
        for row in &rows {
            let [first, second] = row.accuracy().map(|share| share.map_or("-".into(), percent));
            table.row([
                row.name(),
                row.drelus.map_or(String::new(), brelu_tools::report::count),
                first,
                second,
                percent(row.scores.agreement),
                percent(row.scores.relative),
            ]);
        }
        let mut text = Lines::new(12);
        text.pair("network", network);
        text.pair("images", scores.first().map_or(0, |scores| scores.images));
        text.block(table);
        classes(&rows, &mut text);
        Ok(print(text)?)
    }
}
