use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use brelu_tools::blocks::Candidates;
use brelu_tools::distortion::{
    Checkpoint, Measurement, Method, Options, Partial, Provenance, Shard, Table, Triple, write_table,
};
use brelu_tools::knapsack::{Budget, Constraints, CostModel, Formats, Problem};
use brelu_tools::net::{self, on_interrupt};
use brelu_tools::report::{Bar, Lines, count, note, print, seconds};
use clap::{Args, ValueEnum};

use super::arguments::positive;
use super::check::{self, Check};
use super::files::{ForceArgs, check_place};
use super::samples::{DeviceName, SampleArgs, Samples, beside};

/// Images if no other number is asked for.
const IMAGES: usize = 512;

/// Time between two saves of what is done.
const SAVE: Duration = Duration::from_secs(10);

/// Measure how much the output changes when a channel decides by blocks, for every channel and block size
#[derive(Debug, Args)]
#[command(after_help = "\
A measurement that was interrupted (Ctrl-C, or killed) goes on where it was when the same command is given again.

Examples:
  brelu distort resnet20.onnx --data cifar10/train.bin -o r20.parquet --mean .485 .456 .406 --std .229 .224 .225
  brelu distort mobilenet.onnx --data photos --fit short-side:256 -o mobilenet.parquet --probes 8 --count 64
  brelu distort net.onnx --data photos -o part2.parquet --shard 2/8; brelu merge part?.parquet -o net.parquet
  brelu distort net.onnx --data photos -o net.parquet --check 300")]
pub(crate) struct Distort {
    /// The network: an ONNX file, operator sets 7 to 22
    model: PathBuf,

    /// Images like those the network was trained on: a folder of pictures, a file of CIFAR records, or `shapes:train`
    /// (generated). 512 of them unless --count says otherwise
    #[arg(long, value_name = "IMAGES")]
    data: PathBuf,

    /// Where to write the table: a Parquet file
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    force: ForceArgs,

    /// How: gradient (to first order, all sizes at once), exact (the network's tail for every channel and size, as in the
    /// paper: hours instead of seconds), or hybrid (gradient, then exact where it matters)
    #[arg(long, value_name = "METHOD", default_value = "gradient")]
    method: MethodName,

    /// For --method hybrid: shares of the DReLUs near whose optimum triples are measured exactly as well
    #[arg(long, value_name = "BUDGET", value_delimiter = ',', default_value = "12%")]
    near: Vec<Budget>,

    /// For --method hybrid: how many triples for each of these
    #[arg(long, value_name = "N", default_value = "500", value_parser = positive)]
    remeasure: usize,

    /// Candidate sizes: auto, paper (the lists of arXiv 2304.10442), pairs:N (all pairs of sides up to N), or a list such
    /// as 1x1,2x2,4x4 (identity and zero are added)
    #[arg(long, value_name = "SIZES", default_value = "auto", value_parser = sizes)]
    sizes: Candidates,

    /// Random probes of the output an image, for gradients [default: every output up to 16, else 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    probes: Option<u32>,

    /// Seed of the probes and of the triples to check
    #[arg(long, value_name = "N", default_value = "0")]
    seed: u64,

    /// Measure only part I of N of the images: `brelu merge` joins the parts
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Shard>,

    /// Do not estimate what comparison windows of 4 to 9 bits add
    #[arg(long)]
    no_windows: bool,

    /// Measure N random triples of layer, channel and size exactly as well, and say how well they are estimated
    #[arg(long, value_name = "N", default_value = "0")]
    check: usize,

    /// Where to compute
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: DeviceName,

    #[command(flatten)]
    samples: SampleArgs,
}

/// The methods by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MethodName {
    Gradient,
    Exact,
    Hybrid,
}

fn sizes(text: &str) -> Result<Candidates, String> {
    match (text, text.strip_prefix("pairs:")) {
        ("auto", _) => Ok(Candidates::Auto),
        ("paper", _) => Ok(Candidates::Paper),
        (_, Some(side)) => match side.parse() {
            Ok(side @ 1..=64) => Ok(Candidates::Pairs(side)),
            _ => Err("give pairs:1 to pairs:64".into()),
        },
        _ => text.split(',').map(str::parse).collect::<Result<_, _>>().map(Candidates::List),
    }
}

fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((index, of)) if 1 <= index && index <= of => Ok(Shard { index, of }),
        _ => Err("write it as 2/8: part 2 of 8".into()),
    }
}

impl Distort {
    pub(crate) fn run(self) -> Result<()> {
        check_place(&self.out)?;
        self.force.check(&[&self.out])?;
        let samples = self.samples.read(&self.model, &self.data, IMAGES)?;
        let part = self.part(samples.images.len())?;
        let method = match self.method {
            MethodName::Gradient => Method::Gradient,
            MethodName::Exact => Method::Exact,
            MethodName::Hybrid => Method::Hybrid,
        };
        let options = Options {
            sizes: &self.sizes,
            method,
            probes: self.probes,
            seed: self.seed,
            windows: !self.no_windows,
        };
        let device = self.device.device()?;
        let measurement = Measurement::new(&samples.graph, &device, &samples.images, part, options)?;
        ensure!(!measurement.triples().is_empty(), "{} has no activation layer", self.model.display());
        let provenance = self.provenance(&samples, &measurement, method)?;
        let runtime = net::runtime()?;
        let stop = on_interrupt(runtime.handle(), || note(format_args!("saving what is done")));
        let started = Instant::now();
        let (partial, resumed) = self.measure(&measurement, &provenance, &stop)?;
        let took = started.elapsed();
        let mut table = Table { provenance, layers: measurement.tables(&partial) };
        table.provenance.samples = partial.done as u64;
        table.provenance.output_power = measurement.power(&partial);
        if method == Method::Hybrid {
            let near = self.nearest(&table)?;
            check::measure(&measurement, &mut table, &near, &stop)?;
        }
        let check = match self.check {
            0 => None,
            number => check::run(&measurement, &mut table, number, self.seed, &stop)?,
        };
        write_table(&self.out, &table)?;
        drop(std::fs::remove_file(self.checkpoint()));
        runtime.shutdown_background();
        Ok(print(self.summary(&table, &measurement.triples(), took, resumed, check.as_ref()))?)
    }

    fn part(&self, images: usize) -> Result<Vec<usize>> {
        let Shard { index, of } = self.shard.unwrap_or(Shard { index: 1, of: 1 });
        let part: Vec<usize> = (index as usize - 1..images).step_by(of as usize).collect();
        ensure!(!part.is_empty(), "there are only {images} images for {of} parts: give fewer");
        Ok(part)
    }

    fn provenance(
        &self,
        samples: &Samples,
        measurement: &Measurement<'_>,
        method: Method,
    ) -> Result<Provenance> {
        Ok(Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            network: samples.graph.name.clone(),
            model: self.model.display().to_string(),
            model_sha256: samples.model_sha256.clone(),
            data: self.data.display().to_string(),
            data_sha256: samples.data_sha256.clone(),
            preprocess: serde_json::to_string(&samples.preprocess)?,
            method,
            probes: measurement.probes(),
            seed: self.seed,
            images: samples.images.len() as u64,
            samples: 0,
            shards: self.shard.into_iter().collect(),
            outputs: measurement.outputs() as u64,
            output_power: 0.0,
        })
    }

    /// The triples near the optimum of the budgets.
    fn nearest(&self, table: &Table) -> Result<Vec<Triple>> {
        let (model, constraints) = (CostModel::drelus(Formats::uniform(24, 12, 6)?), Constraints::default());
        let problem = Problem::new(table, &model, &constraints)?;
        let mut near = Vec::new();
        for budget in &self.near {
            near.extend(problem.near(budget.resolve(&model, problem.baseline())?, self.remeasure)?);
        }
        near.sort();
        near.dedup();
        Ok(near)
    }

    fn checkpoint(&self) -> PathBuf {
        beside(&self.out, ".partial")
    }

    /// Runs all batches, from where an earlier run was. Says how many images that had done.
    fn measure(
        &self,
        measurement: &Measurement<'_>,
        provenance: &Provenance,
        stop: &Arc<AtomicBool>,
    ) -> Result<(Partial, usize)> {
        let path = self.checkpoint();
        let origin = format!("{}{:?}{}", serde_json::to_string(provenance)?, self.sizes, self.no_windows);
        let partial = match Checkpoint::read(&path, &origin)? {
            Some(partial) if measurement.fits(&partial) => partial,
            Some(_) => bail!("{} does not fit the network: remove it to begin again", path.display()),
            None => measurement.start(),
        };
        let resumed = partial.done;
        let bar = Bar::new(measurement.len() as u64, "measuring");
        bar.at(resumed as u64, measurement.len() as u64);
        let (mut saved, mut failed) = (Instant::now(), None);
        let (partial, flow) = measurement.run(partial, &mut |partial| {
            bar.at(partial.done as u64, measurement.len() as u64);
            let stopped = stop.load(Ordering::Relaxed);
            if stopped || saved.elapsed() > SAVE {
                failed = Checkpoint::write(&path, &origin, partial).err();
                saved = Instant::now();
            }
            if stopped || failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        drop(bar);
        if let Some(error) = failed {
            return Err(error).context("what is done could not be saved");
        }
        if flow.is_break() && partial.done < measurement.len() {
            bail!(
                "interrupted after {} of {} images: the same command goes on from there",
                partial.done,
                measurement.len()
            );
        }
        Ok((partial, resumed))
    }

    fn summary(
        &self,
        table: &Table,
        triples: &[Triple],
        took: Duration,
        resumed: usize,
        check: Option<&Check>,
    ) -> Lines {
        let mut text = Lines::new(12);
        let provenance = &table.provenance;
        let channels: u64 = table.layers.iter().map(|layer| u64::from(layer.shape.channels)).sum();
        let decisions: u64 = table.layers.iter().map(|layer| layer.shape.len() as u64).sum();
        text.pair("network", &provenance.network);
        text.pair(
            "activations",
            format_args!(
                "{} layers, {} channels, {} pixels",
                table.layers.len(),
                count(channels),
                count(decisions)
            ),
        );
        let probes = match (provenance.method, provenance.probes) {
            (Method::Exact, _) => "every output".into(),
            (_, 0) => format!("each of {} outputs", provenance.outputs),
            (_, probes) => format!("{probes} random probes of {} outputs", provenance.outputs),
        };
        text.pair("measured", format_args!("{} images, {probes}", provenance.samples));
        text.pair("triples", format_args!("{} of layer, channel and size", count(triples.len() as u64)));
        let now = provenance.samples - resumed as u64;
        text.pair("time", format_args!("{} for {now} images", seconds(took.as_secs_f64())));
        if let Some(check) = check {
            check.describe(&mut text, took.as_secs_f64() * provenance.samples as f64 / now.max(1) as f64);
        }
        text.pair("wrote", self.out.display());
        text
    }
}
