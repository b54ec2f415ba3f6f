mod shipped;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use brelu_core::cost;
use brelu_core::plan::Plan;
use brelu_host::plan_file;
use brelu_tools::data::{Classes, DataError, Dataset, Item, LabelsBy};
use brelu_tools::evaluate::{Engine, Evaluation, Record, Summary};
use brelu_tools::net::{self, Patience};
use brelu_tools::report::{Bar, Table, print};
use clap::Args;

use super::arguments::{ImportArgs, positive};
use super::calibration::Calibration;
use super::compile::describe;
use super::compiling::CompileArgs;
use super::evaluate::{FloatNetwork, float};
use super::files::{Access, write_all};
use super::infer::label;
use super::parties::Parties;
use super::preprocess::PreprocessArgs;
use super::serve::Store;

/// Run the three parties on this machine, with networks that come with the program or one of yours
#[derive(Debug, Args)]
#[command(after_help = "\
Without --model, two small networks for generated pictures are used: one with every ReLU, one with block-ReLU. With \
--model, --images is needed too; they also serve for calibration unless --calibrate is given.

Examples:
  brelu demo
  brelu demo --count 100 --seed 7 --sheet pictures.png
  brelu demo --model resnet20.onnx --images pictures/ --mean .485 .456 .406 --std .229 .224 .225")]
pub(crate) struct Demo {
    /// An ONNX network to use
    #[arg(long, value_name = "FILE", requires = "images")]
    model: Option<PathBuf>,

    /// Images for it: a folder of pictures, a file of CIFAR records, or `shapes:test` (generated)
    #[arg(long, value_name = "IMAGES", requires = "model")]
    images: Option<PathBuf>,

    /// How many images to classify
    #[arg(long, value_name = "N", default_value = "20", value_parser = positive)]
    count: usize,

    /// Without --model: which generated pictures, those of the set `shapes:N`; both networks were trained on
    /// `shapes:train` and judged on `shapes:1`
    #[arg(long, value_name = "N", default_value = "2", conflicts_with = "model")]
    seed: u64,

    /// Without --model: where to write all pictures with their results
    #[arg(long, value_name = "PNG", default_value = "brelu-demo.png", conflicts_with = "model")]
    sheet: PathBuf,

    #[command(flatten)]
    import: ImportArgs,

    #[command(flatten)]
    compiling: CompileArgs,

    #[command(flatten)]
    preprocess: PreprocessArgs,
}

type Images = Box<dyn Fn(usize) -> Result<Item, DataError> + Sync>;

/// What is demonstrated.
struct Subject {
    network: FloatNetwork,
    calibration: Calibration,
    images: Images,
    count: usize,
    introduction: String,
}

/// The files of the server.
struct Files<'a> {
    plan: &'a [u8],
    weights: &'a [u8],
}

impl Demo {
    pub(crate) fn run(self) -> Result<()> {
        let (Some(model), Some(images)) = (&self.model, &self.images) else {
            ensure!(
                !self.preprocess.is_given() && !self.compiling.is_given(),
                "the networks that come with the program are compiled: for other options give --model and --images"
            );
            return shipped::run(self.count, self.seed, &self.sheet);
        };
        let subject = self.given(model, images)?;
        print(&subject.introduction)?;
        let FloatNetwork { graph, preprocess, .. } = &subject.network;
        let compiled = self.compiling.compile(graph, *preprocess, &subject.calibration)?;
        print(describe(&compiled, &subject.calibration)?)?;
        let plan = plan_file::keep(compiled.plan.clone())?;
        let weights = compiled.weights.to_bytes();
        let files = Files { plan: &compiled.plan, weights: &weights };
        let Subject { network, images, count, .. } = &subject;
        let records = infer(plan, &files, network, images, *count, "private inferences")?;
        Ok(print(text(plan, &records))?)
    }

    fn given(&self, model: &Path, images: &Path) -> Result<Subject> {
        let graph = self.import.network(model)?;
        let preprocess = self.preprocess.resolve(&graph)?;
        let mut data = Dataset::open(images, preprocess)?;
        let mut compiling = self.compiling.clone();
        if compiling.calibrate.is_none() && !compiling.generated_images {
            compiling.calibrate = Some(images.into());
        }
        let calibration = compiling.calibration(&preprocess)?;
        let (count, names) = compiling.names(&graph, &calibration)?;
        let labels = data.label(&Classes { names: &names, count, by: LabelsBy::Either })?;
        let count = self.count.min(data.len());
        let introduction = format!(
            "classifies {count} of the images in {} (labels {labels}); server, dealer and client are processes of their own\n",
            images.display()
        );
        let network = FloatNetwork { graph, preprocess, spec: None };
        Ok(Subject {
            network,
            calibration,
            images: Box::new(move |index| data.item(index)),
            count,
            introduction,
        })
    }
}

/// Runs the inferences on a server and a dealer in processes of their own.
fn infer(
    plan: &'static Plan<'static>,
    files: &Files<'_>,
    network: &FloatNetwork,
    images: &Images,
    count: usize,
    what: &str,
) -> Result<Vec<Record>> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let (plan_file, weights_file) = (folder.path().join("demo.plan"), folder.path().join("demo.weights"));
    write_all(&[
        (plan_file.clone(), Access::Public, files.plan),
        (weights_file.clone(), Access::Private, files.weights),
    ])?;
    let runtime = net::runtime()?;
    let patience = Patience { connect: Duration::from_secs(10), answer: Duration::from_secs(120) };
    let parties = Parties::start(&plan_file, &weights_file, 1, patience.answer, Store::Memory)?;
    let bar = Bar::new(count as u64, what);
    let party = &parties.client();
    let engine = Engine::Server { address: parties.server(), patience, party, runtime: runtime.handle() };
    let evaluation = Evaluation { plan, engine, float: Some(float(network)?), images: &**images, jobs: 1 };
    let indices: Vec<usize> = (0..count).collect();
    let mut records = Vec::new();
    evaluation.run(&indices, &AtomicBool::new(false), |record| {
        records.push(record);
        bar.step();
        Ok(())
    })?;
    Ok(records)
}

fn text(plan: &Plan<'_>, records: &[Record]) -> String {
    let name = |output: &usize| label(plan, *output).unwrap_or_else(|| format!("output {output}"));
    let best = |top: &[usize]| top.first().map(name).unwrap_or_default();
    let mut table = Table::new(["image", "truth", "private result", "float result", "online"], 4);
    for record in records {
        table.row([
            record.name.clone(),
            record.label.as_ref().map(name).unwrap_or_default(),
            best(&record.top),
            record.float.as_ref().map(|float| best(&float.top)).unwrap_or_default(),
            brelu_tools::report::seconds(record.online_seconds),
        ]);
    }
    let summary = Summary::new(records, cost::total(plan).round_trips, 1);
    let mut text = summary.text();
    if summary.agreement == Some(1.0) && summary.exact == Some(true) {
        text.line("The private results are those of the float network, and every byte is accounted for.");
    }
    format!("{table}\n{text}")
}
