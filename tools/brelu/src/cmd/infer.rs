mod answer;
mod inputs;
mod maps;
mod raw;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use brelu::evaluate::Judge;
use brelu::report::{Bar, Lines, note, print};
use brelu_core::cost;
use brelu_core::plan::Plan;
use brelu_host::client::{ClientMemory, ClientParty};
use brelu_host::embed::Answer;
use brelu_host::net::{self, ClientSession, Measured, Notice, Target};
use clap::Args;

use self::answer::{Outcome, Said, Traffic, classes};
use self::inputs::Subject;
use self::maps::Painter;
use self::raw::{Raw, Values};
use super::arguments::{PatienceArgs, address, positive};
use super::files::{ForceArgs, read_plan};
use super::labelling::{plan_names, read_names};
use super::party::ClientArgs;
use super::preprocess::{PreprocessArgs, of_plan, whole};
use super::share::ShareArgs;

/// Classify pictures, or their pixels, without showing them to the server
#[derive(Debug, Args)]
#[command(after_help = "\
Pictures are PNG, JPEG, WebP, GIF (the first frame), TIFF, BMP, PNM, or a NumPy file (.npy) of uint8 in the order rows, \
columns, colours; - is standard input. They are turned the way they are shown, as their EXIF orientation says, and become the \
input as the plan says, to the pixel as Pillow and torchvision do it. A NumPy file of floats, channels x rows x columns, is \
the network's input itself, after the preprocessing; plans say what a float is worth; for one that does not, give the \
preprocessing options it was compiled with.

A network with one output tells two classes apart by its sign. Beside every score stands the softmax of all of them, which is \
what a network says whose softmax or sigmoid at the end was left out.

A network that gives a map of scores classifies pixels: the scores are interpolated to the input's size as the plan says, \
then to the picture's own, and the largest of every pixel is its class. For dog.png, dog.overlay.png shows the picture in \
the colours of its classes with a legend, and dog.classes.png has the class as palette index, 255 where there is none. \
Of a plan that answers with labels, every pixel has the (best) label of the place of the map that is nearest to it.

Where outputs are values and no scores of classes (denoising, depth, regression), --raw writes them as they are: float32, \
inferences x channels x rows x columns (or inferences x outputs), labels as int32.

Results are printed, and written to --raw, as they come. With --json every picture is a line of its own, with sizes in bytes \
and times in seconds.

Examples:
  brelu infer --plan resnet20.plan cat.png dog.png
  brelu infer --plan resnet20.plan --server example.org:7601 --server-key server.pub --dealer-key dealer.pub --json cat.png
  brelu infer --plan deeplab.plan --out drawn/ street.jpg
  brelu infer --plan denoiser.plan --raw clean.npy noisy.png")]
pub(crate) struct Infer {
    /// The plan; the server has the same
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// Address and port of the server
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7601", value_parser = address)]
    server: String,

    /// Pictures, or .npy files of the network's input; - for standard input
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,

    /// How many of the best classes to print, at most as many as the plan answers with; of maps all are printed
    #[arg(long, value_name = "N", default_value = "5", value_parser = positive)]
    top: usize,

    /// Names of the network's classes, one a line [default: those of the plan]
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,

    /// Folder for the overlays and class maps of a network that gives maps [default: the current one]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Write the outputs as numbers to this NumPy file, and do not take them for classes
    #[arg(long, value_name = "FILE.npy", conflicts_with = "out")]
    raw: Option<PathBuf>,

    #[command(flatten)]
    force: ForceArgs,

    /// Print JSON, a line a picture: sizes in bytes, times in seconds
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    share: ShareArgs,

    #[command(flatten)]
    patience: PatienceArgs,

    #[command(flatten)]
    preprocess: PreprocessArgs,
}

/// What becomes of outputs.
enum Reader<'a> {
    Classes { names: Vec<String>, top: usize },
    Map(Painter<'a>),
    Numbers { raw: Option<Raw> },
}

impl Infer {
    pub(crate) fn run(self) -> Result<()> {
        let plan = read_plan(&self.plan)?;
        self.share.limits().client(plan)?;
        of_plan(plan).with_context(|| self.plan.display().to_string())?;
        let real = || whole(plan, &self.plan, &self.preprocess, "to run it on floats");
        if self.preprocess.is_given() {
            // Pictures become the input as the plan says: other options would have no effect.
            real()?;
        }
        let subjects = inputs::read(plan, &self.images, real)?;
        let (judge, party) = (Judge::of_plan(plan), self.client.party()?);
        let mut reader = self.reader(plan, &judge, &subjects)?;
        let (mut traffic, mut done) = (Traffic::of(cost::total(plan)), 0);
        let result = net::runtime()?.block_on(self.session(plan, party, &subjects, |subject, run| {
            let said = reader.read(plan, subject, &Answer::new(plan, &run.output))?;
            let outcome = Outcome::new(&subject.path, said, run, &traffic);
            traffic.add(run);
            done += 1;
            Ok(if self.json { outcome.line()? } else { outcome.text().to_string() })
        }));
        if done > 0 && !self.json {
            print(traffic.text())?;
        }
        match subjects.get(done) {
            Some(subject) if done > 0 => {
                let next = subject.path.display();
                result
                    .with_context(|| format!("{done} of {} pictures are done, {next} is not", subjects.len()))
            }
            _ => result,
        }
    }

    fn reader<'a>(&self, plan: &'a Plan<'a>, judge: &Judge, subjects: &[Subject]) -> Result<Reader<'a>> {
        if let Some(path) = &self.raw {
            return Ok(Reader::Numbers { raw: Some(Raw::create(path, plan, self.force)?) });
        }
        let names = match &self.labels {
            Some(path) => read_names(path, judge.classes())?,
            None => plan_names(plan),
        };
        if !judge.is_map() {
            let text =
                "--out is for networks that give maps, this one classifies whole pictures: leave it out";
            return if self.out.is_some() {
                bail!(text)
            } else {
                Ok(Reader::Classes { names, top: self.top })
            };
        }
        let (scores, input) = (plan.scores(), plan.input().shape);
        if scores.channels > 1 && scores.channels == input.channels && names.is_empty() && self.out.is_none()
        {
            note(format_args!(
                "note: the network gives a map with as many channels as its input and no classes have names, so its outputs \
                 are taken for values: --raw FILE.npy writes them, --labels or --out takes them for scores of classes"
            ));
            return Ok(Reader::Numbers { raw: None });
        }
        let folder = self.out.as_deref().unwrap_or(Path::new("."));
        Ok(Reader::Map(Painter::new(plan, names, subjects, folder, self.force)?))
    }

    /// Runs all inferences and prints what `show` makes of each when it is there.
    async fn session(
        &self,
        plan: &'static Plan<'static>,
        party: Arc<ClientParty>,
        subjects: &[Subject],
        mut show: impl FnMut(&Subject, &Measured) -> Result<String>,
    ) -> Result<()> {
        let bar = Bar::new(plan.len() as u64, "connecting");
        let mut memory = ClientMemory::for_plan(plan);
        let patience = self.patience.patience();
        let target = Target { plan, address: self.server.clone(), patience, party };
        let mut session = ClientSession::start(target, &mut memory, |notice| tell(&bar, notice)).await?;
        let mut step = |done: usize, of: usize| bar.at(done as u64, of as u64);
        for (index, subject) in subjects.iter().enumerate() {
            bar.say(format!("preparing {} of {}", index + 1, subjects.len()));
            // One at a time: the server has room for a few inferences of a large network only.
            session.prepare(1, &mut step).await?;
            bar.say(format!("running {} of {}", index + 1, subjects.len()));
            let text = show(subject, &session.infer(&subject.input, &mut step).await?)?;
            bar.paused(|| print(text))?;
        }
        // All results are there; whether the server hears the good-bye does not matter.
        drop(session.close().await);
        Ok(())
    }
}

impl Reader<'_> {
    fn read(&mut self, plan: &Plan<'_>, subject: &Subject, answer: &Answer) -> Result<Said> {
        match self {
            Self::Classes { names, top } => Ok(Said::Classes { top: classes(plan, names, answer, *top) }),
            Self::Map(painter) => Ok(Said::Map(painter.paint(subject, answer)?)),
            Self::Numbers { raw } => {
                if let Some(raw) = raw {
                    raw.append(answer)?;
                }
                Ok(match answer {
                    Answer::Scores(scores) => Said::Values(Values::of(plan, scores)),
                    Answer::Labels(labels) => Said::Labels { labels: labels.clone() },
                })
            }
        }
    }
}

/// Shows what a session waits for in the progress bar, and what it lost for good.
pub(super) fn tell(bar: &Bar, notice: Notice) {
    match notice {
        Notice::Waiting(line) => bar.say(line),
        Notice::Lost(line) => note(format_args!("{line}")),
    }
}

/// The name of an output.
pub(crate) fn label(plan: &Plan<'_>, output: usize) -> Option<String> {
    plan.label(output).map(str::to_owned)
}

/// The one of the classes' names that an output has.
fn named(plan: &Plan<'_>, output: usize, names: &[String]) -> Option<String> {
    names.get(output.checked_sub(plan.header().class_offset as usize)?).cloned()
}

/// Text that is printed piece by piece.
fn lines() -> Lines {
    Lines::new(0)
}
