use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use brelu::optimise::bench;
use brelu::report::{Bar, Table, print};
use brelu_core::plan::ColourOrder;
use brelu_data::Preprocess;
use brelu_data::demo;

use brelu_networks::numbers::seconds;
use clap::Args;

use crate::cmd::arguments::{self, ImportArgs, positive};

// What it does stands where commands are listed.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  brelu bench train --model resnet20.onnx --batch 128")]
pub(crate) struct Train {
    /// The network [default: a small generated one]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Images a step
    #[arg(long, value_name = "N", default_value = "128", value_parser = positive)]
    batch: usize,

    /// Seconds for which steps are measured; the median is printed
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = arguments::seconds)]
    seconds: Duration,

    /// Inferences measured; the median is printed
    #[arg(long, value_name = "N", default_value = "5", value_parser = positive)]
    runs: usize,

    #[command(flatten)]
    import: ImportArgs,
}

impl Train {
    pub(crate) fn run(&self) -> Result<()> {
        let graph = match &self.model {
            Some(model) => self.import.network_as_is(model)?,
            None => demo::network(1, &Preprocess::raw(demo::SIDE, demo::SIDE, ColourOrder::Rgb))?,
        };
        let (input, output) = (graph.input_shape(), graph.output_shape());
        ensure!(
            matches!(input.channels, 1 | 3) && output.plane() == 1,
            "{} is no classifier of pictures: give another network",
            graph.name
        );
        let bar = Bar::spinner("training");
        let rows = bench::train(&graph, self.batch, self.runs, self.seconds)?;
        drop(bar);
        let head = ["computed by", "step", "images/s", "inference", "images/s"];
        let mut table = Table::new(head, 1);
        let speed = |time: Duration| format!("{:.0}", self.batch as f64 / time.as_secs_f64().max(1e-9));
        for row in &rows {
            let [step, inference] = [row.step, row.inference].map(|time| seconds(time.as_secs_f64()));
            table.row([row.name.into(), step, speed(row.step), inference, speed(row.inference)]);
        }
        Ok(print(format_args!("{}, batches of {} images\n{table}", graph.name, self.batch))?)
    }
}
