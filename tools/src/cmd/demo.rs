use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use brelu_core::cost;
use brelu_core::plan::Plan;
use brelu_host::plan_file;
use brelu_tools::compile::Compiled;
use brelu_tools::data::{Channels, DataError, Dataset, Item, Preprocess};
use brelu_tools::demo;
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

/// Run the three parties on this machine, with a small network made for it or one of yours
#[derive(Debug, Args)]
#[command(after_help = "\
Without --model, a small residual network with random convolutions and a last layer fitted to generated pictures is \
used. With --model, --images is needed too; they also serve for calibration unless --calibrate is given.

Examples:
  brelu demo
  brelu demo --model resnet20.onnx --images pictures/ --mean .485 .456 .406 --std .229 .224 .225")]
pub(crate) struct Demo {
    /// An ONNX network to use
    #[arg(long, value_name = "FILE", requires = "images")]
    model: Option<PathBuf>,

    /// Images for it: a folder of pictures, a file of CIFAR records, or `shapes:train` (generated)
    #[arg(long, value_name = "IMAGES", requires = "model")]
    images: Option<PathBuf>,

    /// How many images to classify
    #[arg(long, value_name = "N", default_value = "9", value_parser = positive)]
    count: usize,

    /// Seed of the generated network and pictures
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,

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

/// Calibration pictures of the generated network; its tests have other numbers.
const CALIBRATION: usize = 64;

impl Demo {
    pub(crate) fn run(self) -> Result<()> {
        let subject = match (&self.model, &self.images) {
            (Some(model), Some(images)) => self.given(model, images)?,
            _ => self.generated()?,
        };
        print(&subject.introduction)?;
        let FloatNetwork { graph, preprocess, .. } = &subject.network;
        let compiled = self.compiling.compile(graph, *preprocess, &subject.calibration)?;
        print(describe(&compiled, &subject.calibration)?)?;
        let plan = plan_file::keep(compiled.plan.clone())?;
        let records = evaluate(plan, &compiled, &subject)?;
        Ok(print(text(plan, &records))?)
    }

    fn given(&self, model: &Path, images: &Path) -> Result<Subject> {
        let (graph, _) = self.import.import(model)?;
        let preprocess = self.preprocess.resolve(graph.input_shape())?;
        let data = Dataset::open(images, preprocess)?;
        let mut compiling = self.compiling.clone();
        if compiling.calibrate.is_none() && !compiling.generated_images {
            compiling.calibrate = Some(images.into());
        }
        let calibration = compiling.calibration(&preprocess)?;
        let count = self.count.min(data.len());
        let introduction = format!("classifies {count} of the images in {}\n", images.display());
        let network = FloatNetwork { graph, preprocess, spec: None };
        Ok(Subject {
            network,
            calibration,
            images: Box::new(move |index| data.item(index)),
            count,
            introduction,
        })
    }

    fn generated(&self) -> Result<Subject> {
        if self.preprocess.is_given() || self.compiling.calibrate.is_some() {
            bail!(
                "the generated network has its own images and preprocessing: give --model and --images as well"
            );
        }
        let mut preprocess = Preprocess::raw(demo::SIDE, demo::SIDE, Channels::Rgb);
        (preprocess.divide_by, preprocess.mean, preprocess.std) = (255.0, [0.5; 3], [0.25; 3]);
        let spinner = Bar::spinner("making a network");
        let graph = demo::network(self.seed, &preprocess)?;
        drop(spinner);
        // Other pictures than the last layer was fitted to, and others for calibration than for inferences.
        let (calibration_seed, seed) = (self.seed.wrapping_add(1), self.seed.wrapping_add(2));
        let pixels = (0..CALIBRATION).map(|index| demo::picture(calibration_seed, index).pixels).collect();
        let calibration = Calibration {
            pixels,
            description: format!("{CALIBRATION} generated pictures"),
            classes: demo::CLASSES.map(str::to_owned).to_vec(),
        };
        let introduction = format!(
            "No --model was given: this is a small residual network with random convolutions, only its last layer \
             fitted, on {} generated pictures of coloured shapes. It shows the protocol, not accuracy.\n",
            self.count
        );
        let images: Images = Box::new(move |index| Ok(demo::picture(seed, index)));
        Ok(Subject {
            network: FloatNetwork { graph, preprocess, spec: None },
            calibration,
            images,
            count: self.count,
            introduction,
        })
    }
}

/// Runs the inferences on a server and a dealer in processes of their own.
fn evaluate(plan: &'static Plan<'static>, compiled: &Compiled, subject: &Subject) -> Result<Vec<Record>> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let (plan_file, weights_file) = (folder.path().join("demo.plan"), folder.path().join("demo.weights"));
    let weights = compiled.weights.to_bytes();
    write_all(&[
        (plan_file.clone(), Access::Public, &compiled.plan),
        (weights_file.clone(), Access::Private, &weights),
    ])?;
    let runtime = net::runtime()?;
    let patience = Patience { connect: Duration::from_secs(10), answer: Duration::from_secs(120) };
    let parties = Parties::start(&plan_file, &weights_file, 1, patience.answer)?;
    print("started a server and a dealer as processes of their own; this process is the client\n\n")?;
    let bar = Bar::new(subject.count as u64, "private inferences");
    let party = &parties.client();
    let engine = Engine::Server { address: parties.server(), patience, party, runtime: runtime.handle() };
    let float = Some(float(&subject.network)?);
    let evaluation = Evaluation { plan, engine, float, images: &*subject.images, jobs: 1 };
    let indices: Vec<usize> = (0..subject.count).collect();
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
