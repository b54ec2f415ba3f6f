mod answer;
mod maps;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use brelu_core::cost;
use brelu_core::plan::Plan;
use brelu_host::client::{ClientMemory, ClientParty};
use brelu_tools::data::{Preprocess, read_image};
use brelu_tools::evaluate::{Judge, Verdict};
use brelu_tools::net::{self, Measured, Notice, Session, Target};
use brelu_tools::report::{Bar, note, print, print_json};
use brelu_tools::simulate::quantise_input;
use clap::Args;
use image::RgbImage;

use self::answer::{Answer, Answers, Said, classes};
use self::maps::Painter;
use super::arguments::{PatienceArgs, positive};
use super::files::read_plan;
use super::party::ClientArgs;
use super::preprocess::of_plan;
use super::share::ShareArgs;

/// Classify pictures, or their pixels, without showing them to the server
#[derive(Debug, Args)]
#[command(after_help = "\
A network that gives a map of scores classifies pixels: the scores are interpolated to the input's size as the plan says, \
then to the picture's own, and the largest of every pixel is its class. For dog.png, dog.overlay.png shows the picture in \
the colours of its classes with a legend, and dog.classes.png has the class as palette index, 255 where there is none. \
Of a plan that answers with labels, every pixel has the (best) label of the place of the map that is nearest to it.

Examples:
  brelu infer --plan resnet20.plan cat.png dog.png
  brelu infer --plan resnet20.plan --server example.org:7601 --server-key server.pub --dealer-key dealer.pub --json cat.png
  brelu infer --plan deeplab.plan --out drawn/ street.jpg")]
pub(crate) struct Infer {
    /// The plan; the server has the same
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// Address and port of the server
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7601")]
    server: String,

    /// Pictures: PNG, JPEG, BMP or PNM
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,

    /// How many of the best classes to print, at most as many as the plan answers with; of maps all are printed
    #[arg(long, value_name = "N", default_value = "5", value_parser = positive)]
    top: usize,

    /// Folder for the overlays and class maps of a network that gives maps [default: the current one]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Print JSON: sizes in bytes, times in seconds
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    share: ShareArgs,

    #[command(flatten)]
    patience: PatienceArgs,
}

impl Infer {
    pub(crate) fn run(self) -> Result<()> {
        let plan = read_plan(&self.plan)?;
        self.share.limits().client(plan)?;
        let preprocess = of_plan(plan).with_context(|| self.plan.display().to_string())?;
        let pictures: Vec<RgbImage> =
            self.images.iter().map(|path| Ok(read_image(path)?)).collect::<Result<_>>()?;
        let input = |(path, picture): (&PathBuf, &RgbImage)| {
            input(plan, &preprocess, picture).with_context(|| path.display().to_string())
        };
        let inputs: Vec<Vec<u32>> = self.images.iter().zip(&pictures).map(input).collect::<Result<_>>()?;
        let folder = self.out.as_deref().unwrap_or(Path::new("."));
        let painter = Painter::new(plan, preprocess, &self.images, folder)?;
        if painter.is_none() && self.out.is_some() {
            bail!("--out is for networks that give maps, this one classifies whole pictures: leave it out");
        }
        let (total, party, judge) = (cost::total(plan), self.client.party()?, Judge::of_plan(plan));
        let measured = net::runtime()?.block_on(self.session(plan, party, &inputs))?;
        let answers = Answers {
            network: plan.header().name.into(),
            expected_bytes: total.bytes.into(),
            expected_round_trips: total.round_trips,
            images: measured
                .iter()
                .enumerate()
                .map(|(number, run)| {
                    let opened = Verdict::new(plan, &judge, &run.output).opened;
                    let said = match &painter {
                        Some(painter) => Said::Map(painter.paint(number, &pictures[number], &opened)?),
                        None => Said::Classes { top: classes(plan, &opened, self.top) },
                    };
                    Ok(Answer::new(&self.images[number], said, run))
                })
                .collect::<Result<_>>()?,
        };
        let printed = if self.json { print_json(&answers) } else { print(answers.text()) };
        Ok(printed?)
    }

    async fn session(
        &self,
        plan: &'static Plan<'static>,
        party: Arc<ClientParty>,
        inputs: &[Vec<u32>],
    ) -> Result<Vec<Measured>> {
        let bar = Bar::new(plan.len() as u64, "connecting");
        let mut memory = ClientMemory::for_plan(plan);
        let patience = self.patience.patience();
        let target = Target { plan, address: self.server.clone(), patience, party };
        let mut session = Session::start(target, &mut memory, |notice| tell(&bar, notice)).await?;
        let mut step = |done: usize, of: usize| bar.at(done as u64, of as u64);
        let mut results = Vec::new();
        for (index, input) in inputs.iter().enumerate() {
            bar.say(format!("preparing {} of {}", index + 1, inputs.len()));
            // One at a time: the server has room for a few inferences of a large network only.
            session.prepare(1, &mut step).await?;
            bar.say(format!("running {} of {}", index + 1, inputs.len()));
            results.push(session.infer(input, &mut step).await?);
        }
        // All results are there; whether the server hears the good-bye does not matter.
        drop(session.close().await);
        Ok(results)
    }
}

/// Shows what a session waits for in the progress bar, and what it lost for good.
pub(super) fn tell(bar: &Bar, notice: Notice) {
    match notice {
        Notice::Waiting(line) => bar.say(line),
        Notice::Lost(line) => note(format_args!("{line}")),
    }
}

fn input(plan: &Plan<'_>, preprocess: &Preprocess, picture: &RgbImage) -> Result<Vec<u32>> {
    let pixels = preprocess.pixels(picture)?;
    Ok(quantise_input(&plan.header().preprocess, plan.input().shape.plane(), &pixels))
}

/// The name of an output.
pub(crate) fn label(plan: &Plan<'_>, output: usize) -> Option<String> {
    let index = output.checked_sub(plan.header().class_offset as usize)?;
    plan.header().labels.lines().nth(index).map(str::to_owned)
}
