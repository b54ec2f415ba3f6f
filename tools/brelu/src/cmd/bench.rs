use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use brelu::bench::{self, ActivationRow, ChannelRow, KernelRow, NetworkRow, PrimitiveRow};
use brelu::report::{Bar, Table, print};
use brelu_core::plan::ColourOrder;
use brelu_core::transport::MAX_PAYLOAD;
use brelu_data::Preprocess;
use brelu_data::demo;
use brelu_host::plan_file;
use brelu_networks::graph::Graph;

use brelu_compile::simulate::quantise_input;
use brelu_networks::numbers::{bytes, count};
use clap::{Args, Subcommand};

use super::arguments::{ImportArgs, positive};
use super::calibration::Calibration;
use super::compiling::CompileArgs;
use super::optimise;
use super::preprocess::PreprocessArgs;

/// Measure kernels, steps of the protocol and whole inferences, each beside a plain way of doing the same
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Whole inferences run all three parties in this process, without a network between them, and are compared with the same \
network in floating point; a build with `--features tract` also compares with the tract engine.

Examples:
  brelu bench
  brelu bench knapsack
  brelu bench profile -o machine.json
  brelu bench train --model resnet20.onnx
  brelu bench --model resnet20.onnx --generated-images --bits 24 --fraction 12 --window 6
  brelu bench --model builtin:resnet50 --generated-images --images-count 2 --bits 28 --fraction 12 --window 6")]
pub(crate) struct Bench {
    #[command(subcommand)]
    part: Option<Part>,

    /// Few and small measurements, to see that they work
    #[arg(long)]
    quick: bool,

    /// An ONNX network for the whole inferences [default: a small generated one]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Inferences measured; medians are printed
    #[arg(long, value_name = "N", default_value = "5", value_parser = positive)]
    runs: usize,

    #[command(flatten)]
    import: ImportArgs,

    #[command(flatten)]
    compiling: CompileArgs,

    #[command(flatten)]
    preprocess: PreprocessArgs,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Solve knapsacks of the paper's sizes with generated distortions
    Knapsack(optimise::BenchKnapsack),
    /// Measure what pixels and decisions of activation layers take on this machine, for `brelu knapsack --profile`
    Profile(optimise::BenchProfile),
    /// Measure how fast a network is trained on this machine, with the kernels of this crate and with burn's operations
    Train(optimise::BenchTrain),
}

impl Bench {
    pub(crate) fn run(self) -> Result<()> {
        match &self.part {
            Some(Part::Knapsack(part)) => return part.run(),
            Some(Part::Profile(part)) => return part.run(),
            Some(Part::Train(part)) => return part.run(),
            None => {}
        }
        if self.model.is_none() {
            print(kernels(&bench::kernels(self.quick)?))?;
            print(primitives(&bench::primitives(self.quick)))?;
            print(connections(&bench::channel(self.quick, self.runs)?))?;
            let channels: &[u32] = if self.quick { &[4] } else { &[64, 1024] };
            let mut rows = Vec::new();
            for channels in channels {
                for block in [[1, 1], [4, 4]] {
                    rows.push(bench::activation(*channels, block, self.runs)?);
                }
            }
            print(activations(&rows))?;
        }
        let (graph, preprocess, calibration) = self.subject()?;
        let compiled = self.compiling.compile(&graph, preprocess, &calibration)?;
        let plan = plan_file::keep(compiled.plan.clone())?;
        let pixels = &calibration.pixels[0];
        let plane = plan.input().shape.plane();
        let fixed = quantise_input(&plan.header().preprocess, plane, pixels);
        let fixed = fixed.into_iter().map(|value| value as i32).collect();
        let real = preprocess.normalise(pixels);
        let file = self.model.as_deref().filter(|file| file.is_file());
        let spinner = Bar::spinner("inferences");
        let row = bench::network(plan, compiled.weights, &graph, (fixed, &real), file, self.runs)?;
        drop(spinner);
        Ok(print(network(&graph, &row))?)
    }

    fn subject(&self) -> Result<(Graph, Preprocess, Calibration)> {
        if let Some(model) = &self.model {
            let graph = self.import.network(model)?;
            let preprocess = self.preprocess.resolve(&graph)?;
            let calibration = self.compiling.calibration(&preprocess)?;
            return Ok((graph, preprocess, calibration));
        }
        let mut preprocess = Preprocess::raw(demo::SIDE, demo::SIDE, ColourOrder::Rgb);
        (preprocess.divide_by, preprocess.mean, preprocess.std) = (255.0, [0.5; 3], [0.25; 3]);
        let pixels = (0..16).map(|index| demo::picture(1, index).pixels).collect();
        let calibration =
            Calibration { pixels, description: "16 generated pictures".into(), classes: Vec::new() };
        Ok((demo::network(1, &preprocess)?, preprocess, calibration))
    }
}

fn millis(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e3)
}

fn ratio(plain: Duration, ours: Duration) -> String {
    format!("{:.1}x", plain.as_secs_f64() / ours.as_secs_f64().max(1e-9))
}

fn kernels(rows: &[KernelRow]) -> String {
    let head = ["linear map", "kernel", "plain ms", "full ms", "ratio", "GMAC/s", "small ms", "ratio"];
    let mut table = Table::new(head, 2);
    for row in rows {
        for (backend, full, small) in &row.backends {
            let rate = row.macs as f64 / full.as_secs_f64().max(1e-9) / 1e9;
            table.row([
                row.name.to_owned(),
                backend.to_string(),
                millis(row.plain),
                millis(*full),
                ratio(row.plain, *full),
                format!("{rate:.1}"),
                millis(*small),
                ratio(row.plain, *small),
            ]);
        }
    }
    format!(
        "kernels: full-range weights mod 2^32 and small weights mod 2^24, all cores, against the plain loop\n{table}\n"
    )
}

fn primitives(rows: &[PrimitiveRow]) -> String {
    let mut table = Table::new(["step", "elements", "plain ms", "ms", "ratio"], 1);
    for row in rows {
        table.row([
            row.name.into(),
            count(row.elements),
            millis(row.plain),
            millis(row.ours),
            ratio(row.plain, row.ours),
        ]);
    }
    format!("primitives, one core, against one bit or one element at a time\n{table}\n")
}

fn activations(rows: &[ActivationRow]) -> String {
    let mut table = Table::new(["values", "block", "bytes", "offline ms", "online ms"], 0);
    for row in rows {
        let block = format!("{}x{}", row.block[0], row.block[1]);
        table.row([count(row.values), block, bytes(row.bytes), millis(row.offline), millis(row.online)]);
    }
    format!(
        "ReLU with the truncation before it, K = 24, w = 6, three parties in this process, input and output included in times\n{table}\n"
    )
}

fn connections([clear, sealed]: &[ChannelRow; 2]) -> String {
    let mut table = Table::new(["connection", "connect ms", "round trip ms", "MB/s"], 1);
    for row in [clear, sealed] {
        let name = if row.sealed { "encrypted" } else { "in the clear" };
        let rate = format!("{:.0}", row.rate / 1e6);
        table.row([name.into(), millis(row.connect), millis(row.round_trip), rate]);
    }
    let rate = format!("{:.2}x", sealed.rate / clear.rate);
    table.row([
        "ratio".into(),
        ratio(sealed.connect, clear.connect),
        ratio(sealed.round_trip, clear.round_trip),
        rate,
    ]);
    format!(
        "frames between two tasks of this process: 64 bytes there and back, then {} one way\n{table}\n",
        bytes(MAX_PAYLOAD as u64)
    )
}

fn network(graph: &Graph, row: &NetworkRow) -> String {
    let mut table = Table::new(["one inference", "ms", "of float"], 1);
    let mut line = |name: &str, time: Duration| {
        table.row([name.into(), millis(time), ratio(time, row.float)]);
    };
    line("secure, offline", row.offline);
    line("secure, online", row.online);
    line("secure but not encrypted, offline", row.clear_offline);
    line("secure but not encrypted, online", row.clear_online);
    line("float, this crate, one core", row.float);
    if let Some(engine) = row.engine {
        line("float, tract, one core", engine);
    }
    let total = &row.total;
    format!(
        "{}: {} decisions on {} pixels, {} in all, {} online, {} round trips\n{table}",
        graph.name,
        count(total.decisions),
        count(total.pixels),
        bytes(total.bytes.total()),
        bytes(total.bytes.online()),
        total.round_trips
    )
}
