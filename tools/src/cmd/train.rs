mod follow;
mod lengths;
mod network;
mod output;
mod plan;
mod schedule;
mod settings;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use brelu_tools::net::{self, on_interrupt};
use brelu_tools::report::{note, print};
use brelu_tools::training::{Checkpoint, Snapshot, State, TrainError, Training};
use clap::Args;

use super::files::{ForceArgs, check_distinct};
use super::samples::beside;
use follow::Follow;
use network::NetworkArgs;
use plan::{DataArgs, Plan};
use settings::Settings;

/// Train a network, usually one whose ReLUs decide by blocks, on from its parameters or from scratch
#[derive(Debug, Args)]
#[command(after_help = "\
Images have a class each, as brelu evaluate --help says, or a mask.

A training that was interrupted (Ctrl-C, or killed) goes on where it was when the same command is given again, and comes \
to the same parameters.

Recipes of arXiv 2304.10442 (--recipe); other options change single values of them:
  finetune        cosine from 5e-3 over 20 epochs, 1 of warm-up (the default)
  imagenet-pool   max- to average pooling: 15 epochs at 1e-4
  imagenet-block  blocks: 25 epochs from 5e-3, a quarter at 12, 18 and 22
  cifar-baseline  from scratch: 200 epochs from 0.1, a fifth at 60, 120 and 160
  cifar-block     blocks: 120 epochs from 5e-3, a quarter at 30, 60 and 90, 5 of warm-up
  ade-block       blocks, ReLU6 to ReLU: 40,000 iterations from 5e-4, poly
  voc-pool        max- to average pooling: 3,000 iterations at 1e-4
  voc-block       blocks: 20,000 iterations from 5e-4, poly
A recipe that is made longer or shorter, by --epochs, --iterations or --minutes, is stretched as a whole.

Examples:
  brelu train resnet20.onnx --spec r20-6.json --data cifar10/train.bin --validate cifar10/test.bin -o r20-6.onnx \
--mean .485 .456 .406 --std .229 .224 .225 --recipe cifar-block
  brelu train resnet20.onnx --spec r20-6.json --data cifar10/train.bin -o r20-6.onnx --minutes 25 --distil
  brelu train resnet20.onnx --init --data cifar10/train.bin -o new.onnx --recipe cifar-baseline --seed 7
  brelu train squeezenet.onnx --average-pool --data imagenet/train -o average.onnx --recipe imagenet-pool")]
pub(crate) struct Train {
    /// The network: an ONNX file, operator sets 7 to 22
    model: PathBuf,

    /// Where to write the trained network: an ONNX file. Its block spec and history are written beside it
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    force: ForceArgs,

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    network: NetworkArgs,

    #[command(flatten)]
    settings: Settings,

    /// Seconds between two saves of what is done
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = super::arguments::seconds, help_heading = "Interruptions")]
    save_every: Duration,

    /// Begin again, even if there is an interrupted training
    #[arg(long, help_heading = "Interruptions")]
    restart: bool,
}

/// Seconds for which steps are measured to see how many fit a number of minutes.
const MEASURE: Duration = Duration::from_secs(10);

impl Train {
    pub(crate) fn run(self) -> Result<()> {
        self.settings.check(self.network.on_cpu())?;
        let files = output::Files::new(&self.out, self.network.spec())?;
        check_distinct(&self.out, &self.model)?;
        let path = beside(&self.out, ".training");
        // An interrupted training goes on, with its history.
        self.force.check(&files.results(path.exists()))?;
        let (recipe, seed) = (self.settings.recipe(), self.settings.seed);
        let subject = self.network.read(&self.model, &recipe, seed, self.settings.distils())?;
        let plan = Plan::new(&self.data, &subject, &self.settings)?;
        let origin = format!("{:?} {:?} {}", self.settings, plan.description(), subject.digest());
        if self.restart {
            remove(&path)?;
        }
        let kept = Checkpoint::read(&path, &origin)?;
        let options = match &kept {
            Some(kept) => kept.options.clone(),
            None => self.options(&plan, &subject)?,
        };
        let training = plan.training(&subject, &options);
        let mut state = match kept {
            Some(kept) => kept
                .snapshot
                .state(subject.trainable())
                .with_context(|| format!("{} does not fit the network: give --restart", path.display()))?,
            None => training.start(subject.graph()),
        };
        let resumed = state.step();
        let started = Instant::now();
        self.steps(&training, &mut state, &files, |snapshot| {
            Ok(Checkpoint { origin: origin.clone(), options: options.clone(), snapshot }.write(&path)?)
        })?;
        files.write(&subject, &state)?;
        remove(&path)?;
        Ok(print(output::summary(
            &subject,
            &training,
            &state,
            &files,
            &plan.labels,
            started.elapsed(),
            resumed,
        ))?)
    }

    /// The constants of a training that begins now.
    fn options(&self, plan: &Plan, subject: &network::Subject) -> Result<brelu_tools::training::Options> {
        let Some(time) = self.settings.minutes() else {
            return Ok(self.settings.options(plan.steps_an_epoch(), None));
        };
        let some = self.settings.options(plan.steps_an_epoch(), Some(u64::MAX >> 1));
        let training = plan.training(subject, &some);
        let pace = training.pace(&training.start(subject.graph()), MEASURE.min(time / 20))?;
        let steps = self.settings.steps_within(time, pace, plan.steps_an_epoch());
        ensure!(
            steps > 0,
            "not one step fits {:.1} minutes, a step takes {:.1} s: give more --minutes or a smaller --batch",
            time.as_secs_f64() / 60.0,
            pace.step.as_secs_f64()
        );
        Ok(self.settings.options(plan.steps_an_epoch(), Some(steps)))
    }

    fn steps(
        &self,
        training: &Training<'_>,
        state: &mut State,
        files: &output::Files,
        save: impl Fn(Snapshot) -> Result<()>,
    ) -> Result<()> {
        let runtime = net::runtime()?;
        let stop = on_interrupt(runtime.handle(), || note(format_args!("saving what is done")));
        let total = training.options.schedule.total;
        let record = |rows: &[brelu_tools::training::Row]| files.write_history(rows);
        let mut follow = Follow::new(training, state, &stop, self.save_every, &save, &record);
        let result = training.run(state, &mut follow);
        let failed = follow.finish();
        runtime.shutdown_background();
        if let Some(error) = failed {
            return Err(error).context("what is done could not be saved");
        }
        match result {
            Ok(ControlFlow::Continue(())) => Ok(()),
            Ok(ControlFlow::Break(())) => bail!(
                "interrupted after {} of {total} steps: the same command goes on from there",
                state.step()
            ),
            Err(error @ TrainError::Diverged { .. }) => {
                Err(error).context("training stopped; the last good state is kept until --restart")
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Removes a file that may not be there.
fn remove(path: &std::path::Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
