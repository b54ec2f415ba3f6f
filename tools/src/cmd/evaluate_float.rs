//! `evaluate --float`: blocks and conversions in floating point, without a plan.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use brelu_tools::blocks::Spec;
use brelu_tools::evaluate::{BlockScores, Candidate, Judge, MapSummary, Truth, compare};
use brelu_tools::graph::{Graph, simplify};
use brelu_tools::interpreter::{Activation, Blocks, Interpreter, Plain};
use brelu_tools::net::{self, on_interrupt};
use brelu_tools::report::{Bar, Lines, Table, note, percent, print, print_json};
use serde::Serialize;

use super::conversion::ConversionArgs;
use super::labelling::LabelArgs;
use super::samples::{DeviceName, SampleArgs, Samples};

/// What is compared.
#[derive(Debug)]
pub(crate) struct FloatEvaluation<'a> {
    pub(crate) model: &'a Path,
    pub(crate) data: &'a Path,
    pub(crate) specs: &'a [PathBuf],
    pub(crate) conversion: ConversionArgs,
    pub(crate) samples: SampleArgs,
    pub(crate) labels: &'a LabelArgs,
    pub(crate) class_offset: usize,
    pub(crate) device: DeviceName,
    pub(crate) json: bool,
}

/// What was changed of the network.
#[derive(Clone, Debug, Default, Serialize)]
struct Change {
    /// Its operations.
    changes: Vec<String>,
    /// Its blocks.
    spec: Option<PathBuf>,
    drelus: Option<u64>,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    change: &'a Change,
    #[serde(flatten)]
    scores: &'a BlockScores,
}

impl Row<'_> {
    fn name(&self) -> String {
        match (&self.change.spec, self.change.changes.as_slice()) {
            (Some(spec), _) => spec.display().to_string(),
            (None, []) => "none: as it is".into(),
            (None, _) => "none: converted".into(),
        }
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
            let float = plain.scores.map.clone().filter(|_| !choices.is_empty());
            text.line(row.name());
            text.block(MapSummary { scores, float }.table());
        }
    }
}

impl FloatEvaluation<'_> {
    pub(crate) fn run(self) -> Result<()> {
        let offset = u32::try_from(self.class_offset).context("--class-offset is too large")?;
        let samples = self.samples.read_labelled(self.model, self.data, usize::MAX, |graph, set| {
            self.labels.label(set, Vec::new(), Judge::of_graph(graph, offset).classes())
        })?;
        let device = self.device.device()?;
        let (converted, changes) = self.converted()?.unzip();
        let graph = converted.as_ref().unwrap_or(&samples.graph);
        let mut candidates: Vec<(Change, Box<dyn Activation>)> = Vec::new();
        if let Some(changes) = &changes {
            let change = Change { changes: changes.clone(), ..Change::default() };
            candidates.push((change, Box::new(Plain)));
        }
        for path in self.specs {
            let spec = Spec::read(path)?;
            spec.check_for(graph).with_context(|| path.display().to_string())?;
            let (changes, drelus) = (changes.clone().unwrap_or_default(), Some(spec.decisions(graph)));
            candidates.push((
                Change { changes, spec: Some(path.clone()), drelus },
                Box::new(Blocks::new(graph, &spec)),
            ));
        }
        let plain = Interpreter::new(&samples.graph, &device)?;
        let changed = converted.as_ref().map(|graph| Interpreter::new(graph, &device)).transpose()?;
        let interpreter = changed.as_ref().unwrap_or(&plain);
        let compared: Vec<_> = candidates
            .iter()
            .map(|(_, activation)| Candidate { interpreter, activation: activation.as_ref() })
            .collect();
        let mut scores = self.scores(&samples, &plain, &compared, offset)?;
        let label = |output: usize| samples.classes.get(output.checked_sub(self.class_offset)?).cloned();
        scores.iter_mut().filter_map(|scores| scores.map.as_mut()).for_each(|map| map.name(&label));
        let changes: Vec<Change> = std::iter::once(Change::default())
            .chain(candidates.into_iter().map(|(change, _)| change))
            .collect();
        self.report(&samples, &scores, &changes)
    }

    /// The network with the conversions that are asked for, and what they changed.
    fn converted(&self) -> Result<Option<(Graph, Vec<String>)>> {
        if !self.conversion.any() {
            return Ok(None);
        }
        let (graph, _) = self.samples.import.import_as_is(self.model)?;
        let (graph, changes) = self.conversion.convert(graph)?;
        Ok(Some((simplify(graph).with_context(|| self.model.display().to_string())?, changes)))
    }

    fn scores(
        &self,
        samples: &Samples,
        plain: &Interpreter,
        candidates: &[Candidate<'_>],
        offset: u32,
    ) -> Result<Vec<BlockScores>> {
        let (truth, judge) =
            (Truth { targets: &samples.targets, offset }, Judge::of_graph(&samples.graph, offset));
        for (index, target) in truth.targets.iter().enumerate() {
            judge.check(&format!("image {index} of {}", self.data.display()), target)?;
        }
        let runtime = net::runtime()?;
        let stop = on_interrupt(runtime.handle(), || note(format_args!("stopping")));
        let (total, bar) = (samples.images.len() as u64, Bar::new(samples.images.len() as u64, "evaluating"));
        let scores = compare(plain, candidates, &samples.images, truth, &mut |done| {
            bar.at(done as u64, total);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        drop(bar);
        runtime.shutdown_background();
        Ok(scores)
    }

    fn report(&self, samples: &Samples, scores: &[BlockScores], changes: &[Change]) -> Result<()> {
        let graph = &samples.graph;
        let rows: Vec<Row<'_>> =
            changes.iter().zip(scores).map(|(change, scores)| Row { change, scores }).collect();
        if self.json {
            return Ok(print_json(&rows)?);
        }
        let [first, second] = if graph.output_shape().plane() > 1 {
            ["mean IoU", "pixel accuracy"]
        } else {
            ["top-1", "top-5"]
        };
        let mut table = Table::new(["blocks", "DReLUs", first, second, "agreement", "change of outputs"], 1);
        for row in &rows {
            let [first, second] = row.accuracy().map(|share| share.map_or("-".into(), percent));
            table.row([
                row.name(),
                row.change.drelus.map_or(String::new(), brelu_tools::report::count),
                first,
                second,
                percent(row.scores.agreement),
                percent(row.scores.relative),
            ]);
        }
        let mut text = Lines::new(12);
        text.pair("network", &graph.name);
        text.pair("images", scores.first().map_or(0, |scores| scores.images));
        text.pair("labels", &samples.labels);
        changes.iter().find(|change| !change.changes.is_empty()).iter().for_each(|change| {
            change.changes.iter().for_each(|what| text.pair("changed", what));
        });
        text.block(table);
        classes(&rows, &mut text);
        Ok(print(text)?)
    }
}
