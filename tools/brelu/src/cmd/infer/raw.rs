//! Results as numbers: an array in a NumPy file that grows by an inference at a time and is whole in between.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use brelu::report::{Lines, Table};
use brelu_core::plan::Plan;
use brelu_data::npy::{HEADER, header};
use brelu_host::embed::Answer;
use serde::Serialize;

use super::label;
use crate::cmd::files::ForceArgs;

/// The file.
pub(super) struct Raw {
    file: File,
    path: PathBuf,
    kind: &'static str,
    /// Inferences, then the sizes of one's result.
    shape: Vec<usize>,
}

impl Raw {
    /// Begins a file for the results of a plan: `inferences x channels x height x width` of scores as float32 or labels as
    /// int32; `inferences x outputs` of a network that has one place.
    pub(super) fn create(path: &Path, plan: &Plan<'_>, force: ForceArgs) -> Result<Self> {
        force.check(&[path])?;
        let failed = || format!("cannot write {}", path.display());
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let file = options.open(path).with_context(failed)?;
        let output = plan.output().shape;
        let [channels, height, width] =
            [output.channels, output.height, output.width].map(|size| size as usize);
        let shape = if height * width == 1 { vec![0, channels] } else { vec![0, channels, height, width] };
        let kind = if plan.header().answer.labels().is_some() { "<i4" } else { "<f4" };
        let mut raw = Self { file, path: path.into(), kind, shape };
        raw.write(&header(kind, &raw.shape), 0).with_context(failed)?;
        Ok(raw)
    }

    /// Appends a result.
    pub(super) fn append(&mut self, opened: &Answer) -> Result<()> {
        let bytes: Vec<u8> = match opened {
            Answer::Scores(scores) => scores.iter().flat_map(|score| score.to_le_bytes()).collect(),
            Answer::Labels(labels) => labels.iter().flat_map(|label| (*label as i32).to_le_bytes()).collect(),
        };
        let end = HEADER as u64 + self.shape[0] as u64 * bytes.len() as u64;
        self.shape[0] += 1;
        // The count comes last: what is not written whole does not count.
        let head = header(self.kind, &self.shape);
        let written = self.write(&bytes, end).and_then(|()| self.write(&head, 0));
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn write(&mut self, bytes: &[u8], at: u64) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(bytes)
    }
}

/// What values are like.
#[derive(Debug, Serialize)]
pub(super) struct Values {
    /// Channels, rows, columns.
    shape: [u32; 3],
    channels: Vec<Channel>,
}

/// The values of one channel.
#[derive(Debug, Serialize)]
struct Channel {
    output: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    least: f64,
    mean: f64,
    largest: f64,
}

impl Values {
    /// Of scores in the shape of the plan's.
    pub(super) fn of(plan: &Plan<'_>, scores: &[f32]) -> Self {
        let shape = plan.scores();
        let channel = |(output, plane): (usize, &[f32])| {
            let values = || plane.iter().map(|value| f64::from(*value));
            Channel {
                output,
                label: if shape.channels > 1 { label(plan, output) } else { None },
                least: values().fold(f64::INFINITY, f64::min),
                mean: values().sum::<f64>() / plane.len().max(1) as f64,
                largest: values().fold(f64::NEG_INFINITY, f64::max),
            }
        };
        Self {
            shape: [shape.channels, shape.height, shape.width],
            channels: scores.chunks(shape.plane().max(1)).enumerate().map(channel).collect(),
        }
    }

    /// For people: at most 16 channels.
    pub(super) fn describe(&self, text: &mut Lines) {
        const MOST: usize = 16;
        let name = |channel: &Channel| {
            let number = || format!("output {}", channel.output);
            format!("  {}", channel.label.clone().unwrap_or_else(number))
        };
        let (shown, number) = (self.channels.iter().take(MOST), |value: f64| format!("{value:.4}"));
        let table = if self.shape[1..] == [1, 1] {
            let mut table = Table::new(["  output", "value"], 1);
            shown.for_each(|channel| table.row([name(channel), number(channel.mean)]));
            table
        } else {
            let mut table = Table::new(["  output", "least", "mean", "largest"], 1);
            shown.for_each(|channel| {
                let [least, mean, largest] = [channel.least, channel.mean, channel.largest].map(number);
                table.row([name(channel), least, mean, largest]);
            });
            table
        };
        text.block(table);
        if self.channels.len() > MOST {
            text.line(format_args!("  and {} more", self.channels.len() - MOST));
        }
    }
}
