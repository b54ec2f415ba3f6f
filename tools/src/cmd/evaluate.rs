use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail, ensure};
use brelu_core::cost;
use brelu_core::plan::Plan;
use brelu_tools::blocks::Spec;
use brelu_tools::data::{Dataset, Preprocess};
use brelu_tools::evaluate::{Engine, Evaluation, Float, Judge, Log, Origin, Record, Summary};
use brelu_tools::graph::{Executor, Graph};
use brelu_tools::net::{self, on_interrupt};
use brelu_tools::report::{Bar, note, print, print_json};
use brelu_tools::simulate::Simulator;
use clap::Args;
use serde::Serialize;
use tokio::runtime::Runtime;

use super::arguments::{ImportArgs, PatienceArgs, address, positive};
use super::calibration::Selection;
use super::conversion::ConversionArgs;
use super::evaluate_float::FloatEvaluation;
use super::files::{plan_digest, read_plan, read_weights};
use super::infer::label;
use super::labelling::{HELP, LabelArgs, plan_names};
use super::parties::{Parties, PeakMemory};
use super::party::ClientArgs;
use super::preprocess::{self, PreprocessArgs};
use super::samples::{DeviceName, SampleArgs};
use super::serve::Store;

/// Measure accuracy, agreement with float, traffic and time over many images
#[derive(Debug, Args)]
#[command(after_help = format!("\
{HELP}

Examples:
  brelu evaluate --plan r20.plan --spawn --weights r20.weights --data cifar10/test.bin --model r20.onnx --count 1000
  brelu evaluate --plan r20.plan --server 127.0.0.1:7601 --data pictures/ --log run.jsonl
  brelu evaluate --plan r20.plan --simulate --weights r20.weights --data cifar10/test.bin --jobs 4
  brelu evaluate --plan deeplab.plan --spawn --weights deeplab.weights --data VOC2012:val --model deeplab.onnx
  brelu evaluate --float --model squeezenet.onnx --average-pool --data pictures/
  brelu evaluate --float --model r20.onnx --spec r20-12.json --spec r20-6.json --data cifar10/test.bin"))]
pub(crate) struct Evaluate {
    /// The plan
    #[arg(long, value_name = "FILE", required_unless_present = "float")]
    plan: Option<PathBuf>,

    #[command(flatten)]
    engine: EngineArgs,

    /// The plan's weights, for --simulate and --spawn
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// With --spawn: where the server keeps prepared inferences
    #[arg(long, value_enum, default_value = "memory", requires = "spawn")]
    store: Store,

    /// Images: a folder of pictures, a file of CIFAR records, `shapes:train` (generated), or for networks that give maps
    /// FOLDER:val of a folder in the layout of Pascal VOC
    #[arg(long, value_name = "IMAGES")]
    data: PathBuf,

    /// The ONNX network the plan was made of: its float results are compared with
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Block sizes of that network, as `brelu knapsack` writes them; with --float as many as are to be compared
    #[arg(long, value_name = "FILE", requires = "model")]
    spec: Vec<PathBuf>,

    /// Outputs before the first class, for --float (1 for networks with a background class)
    #[arg(long, value_name = "N", default_value = "0", requires = "float")]
    class_offset: usize,

    /// Where --float computes
    #[arg(long, value_name = "DEVICE", default_value = "cpu", requires = "float")]
    device: DeviceName,

    #[command(flatten)]
    labels: LabelArgs,

    #[command(flatten)]
    conversion: ConversionArgs,

    #[command(flatten)]
    import: ImportArgs,

    /// Most images [default: all]
    #[arg(long, value_name = "N", value_parser = positive)]
    count: Option<usize>,

    /// Images left out before the first
    #[arg(long, value_name = "N", default_value = "0")]
    skip: usize,

    /// Take every N-th image
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    step: usize,

    /// Inferences side by side, each in a session of its own
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    jobs: usize,

    /// Append results to this file as they come; images it has already are not run again
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// Print JSON: sizes in bytes, times in seconds
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    patience: PatienceArgs,

    #[command(flatten)]
    preprocess: PreprocessArgs,
}

/// What runs the inferences.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct EngineArgs {
    /// Run on the server at this address and port
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    server: Option<String>,

    /// Run on a server and a dealer started for this, as processes on this machine
    #[arg(long, requires = "weights")]
    spawn: bool,

    /// Simulate the arithmetic in this process, in the clear
    #[arg(long, requires = "weights")]
    simulate: bool,

    /// No protocol: compare blocks and conversions in floating point with the network as it is
    #[arg(long, requires = "model", conflicts_with_all = ["plan", "log"])]
    float: bool,
}

/// The JSON report.
#[derive(Serialize)]
struct Report<'a> {
    network: &'a str,
    data: String,
    /// How labels were found.
    labels: &'a str,
    complete: bool,
    #[serde(flatten)]
    summary: &'a Summary,
    peak_memory_bytes: Option<PeakMemory>,
}

/// What an evaluation reads besides the plan.
struct Inputs {
    data: Dataset,
    /// How its labels were found.
    labels: String,
    float: Option<FloatNetwork>,
    indices: Vec<usize>,
}

impl Evaluate {
    pub(crate) fn run(self) -> Result<()> {
        let Some(path) = &self.plan else { return self.float_only() };
        ensure!(
            !self.conversion.any(),
            "a plan is of one network: give --average-pool and --relu with --float, or compile what `brelu import -o` \
             writes with them"
        );
        ensure!(self.spec.len() < 2, "a plan has one spec: give --spec once, or --float without --plan");
        let plan = read_plan(path)?;
        let inputs = self.inputs(plan)?;
        let (mut log, mut records) = self.log(plan, &inputs)?;
        let known: Vec<usize> = records.iter().map(|record| record.index).collect();
        let indices: Vec<usize> =
            inputs.indices.iter().copied().filter(|index| !known.contains(index)).collect();
        let runtime = net::runtime()?;
        let bar = Bar::new(inputs.indices.len() as u64, "evaluating");
        bar.at(records.len() as u64, inputs.indices.len() as u64);
        let parties = self.parties()?;
        let stop = Self::stop(&runtime);
        let result = self.with_engine(plan, parties.as_ref(), &runtime, |engine| {
            let float = inputs.float.as_ref().map(float).transpose()?;
            let images = |index| inputs.data.item(index);
            let evaluation = Evaluation { plan, engine, float, images: &images, jobs: self.jobs };
            let done = evaluation.run(&indices, &stop, |record| {
                if let Some(log) = &mut log {
                    log.append(&record)?;
                }
                records.push(record);
                bar.step();
                Ok(())
            });
            Ok(done?)
        });
        drop(bar);
        let complete = result.is_ok() && records.len() == inputs.indices.len();
        if !records.is_empty() {
            self.report(
                plan,
                &inputs.labels,
                &records,
                complete,
                parties.map(|parties| parties.peak_memory()),
            )?;
        }
        runtime.shutdown_background();
        result
    }

    fn float_only(self) -> Result<()> {
        let Some(model) = &self.model else { bail!("give the network to --model") };
        let samples = SampleArgs {
            count: self.count,
            skip: self.skip,
            step: Some(self.step),
            import: self.import.clone(),
            preprocess: self.preprocess.clone(),
        };
        FloatEvaluation {
            model,
            data: &self.data,
            specs: &self.spec,
            conversion: self.conversion,
            samples,
            labels: &self.labels,
            class_offset: self.class_offset,
            device: self.device,
            json: self.json,
        }
        .run()
    }

    /// The plan's path.
    fn path(&self) -> &Path {
        self.plan.as_deref().unwrap_or(Path::new(""))
    }

    fn inputs(&self, plan: &Plan<'_>) -> Result<Inputs> {
        let pixels = preprocess::of_plan(plan).with_context(|| self.path().display().to_string())?;
        let mut data = Dataset::open(&self.data, pixels)?;
        let labels = self.labels.label(&mut data, plan_names(plan), Judge::of_plan(plan).classes())?;
        let selection =
            Selection { count: self.count.unwrap_or(usize::MAX), skip: self.skip, step: Some(self.step) };
        let (indices, _) = selection.indices(data.len());
        let len = data.len();
        ensure!(
            !indices.is_empty(),
            "{} has {len} images, none is left after skipping {}",
            self.data.display(),
            self.skip
        );
        let float = self.model.as_deref().map(|model| self.float(plan, model)).transpose()?;
        Ok(Inputs { data, labels, float, indices })
    }

    fn float(&self, plan: &Plan<'_>, model: &Path) -> Result<FloatNetwork> {
        let graph = self.import.network(model)?;
        let same = (graph.input_shape(), graph.output_shape()) == (plan.input().shape, plan.scores());
        ensure!(same, "{} has other shapes than the plan: give the network it was made of", model.display());
        let given = preprocess::whole(plan, self.path(), &self.preprocess, "to compare with --model")?;
        let spec = self.spec.first().map(|path| Spec::read(path)).transpose()?;
        Ok(FloatNetwork { graph, preprocess: given, spec })
    }

    fn log(&self, plan: &Plan<'_>, inputs: &Inputs) -> Result<(Option<Log>, Vec<Record>)> {
        let Some(path) = &self.log else { return Ok((None, Vec::new())) };
        let origin = Origin {
            plan: plan_digest(plan),
            data: self.data.display().to_string(),
            model: self.model.as_ref().map(|model| model.display().to_string()),
            spec: self.spec.first().map(|spec| spec.display().to_string()),
            simulated: self.engine.simulate,
        };
        let (log, mut records) = Log::open(path, &origin)?;
        records.retain(|record| inputs.indices.contains(&record.index));
        Ok((Some(log), records))
    }

    fn parties(&self) -> Result<Option<Parties>> {
        match (&self.weights, self.engine.spawn) {
            (Some(weights), true) => {
                Parties::start(self.path(), weights, self.jobs, self.patience.timeout, self.store).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn stop(runtime: &Runtime) -> Arc<AtomicBool> {
        let first = || note(format_args!("finishing what is in progress; Ctrl-C again ends at once"));
        on_interrupt(runtime.handle(), first)
    }

    fn with_engine(
        &self,
        plan: &Plan<'static>,
        parties: Option<&Parties>,
        runtime: &Runtime,
        run: impl FnOnce(Engine<'_>) -> Result<()>,
    ) -> Result<()> {
        let server = parties.map(Parties::server).or(self.engine.server.as_deref());
        if let Some(address) = server {
            let patience = self.patience.patience();
            let party = &parties.map_or_else(|| self.client.party(), |parties| Ok(parties.client()))?;
            return run(Engine::Server { address, patience, party, runtime: runtime.handle() });
        }
        let weights = read_weights(plan, self.weights.as_deref().unwrap_or(Path::new("")))?;
        let simulator = Simulator::new(plan, &weights)?;
        run(Engine::Simulator(&simulator))
    }

    fn report(
        &self,
        plan: &Plan<'_>,
        labels: &str,
        records: &[Record],
        complete: bool,
        memory: Option<PeakMemory>,
    ) -> Result<()> {
        let summary = Summary::new(records, cost::total(plan).round_trips, self.jobs);
        let summary = summary.named(&|output| label(plan, output));
        let (network, data) = (plan.header().name, self.data.display().to_string());
        if self.json {
            let peak_memory_bytes = memory;
            return Ok(print_json(&Report {
                network,
                data,
                labels,
                complete,
                summary: &summary,
                peak_memory_bytes,
            })?);
        }
        let mut text = summary.text();
        text.maybe("peak memory", memory);
        if !complete {
            text.line("not all images were evaluated");
        }
        Ok(print(format_args!("network              {network}\nlabels               {labels}\n{text}"))?)
    }
}

/// A network that results are compared with.
pub(crate) struct FloatNetwork {
    pub(crate) graph: Graph,
    pub(crate) preprocess: Preprocess,
    pub(crate) spec: Option<Spec>,
}

/// The float network's executor.
pub(crate) fn float(network: &FloatNetwork) -> Result<Float<'_>> {
    let executor = Executor::new(&network.graph)?;
    let executor = match &network.spec {
        Some(spec) => executor.with_spec(spec)?,
        None => executor,
    };
    Ok(Float { executor, preprocess: network.preprocess })
}
