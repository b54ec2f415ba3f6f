//! `--refine`: exchanges accepted by the measured error of the output.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use brelu::report::Bar;
use brelu_budget::distortion::{Around, Compared, Look, Table};
use brelu_budget::knapsack::{Problem, Solution};
use brelu_networks::blocks::Spec;
use clap::{Args, ValueEnum};

use super::super::samples::{Samples, device};
use super::describe::Answer;
use crate::cmd::samples::{DeviceName, SampleArgs};

/// Images a refinement looks at if no other number is asked for.
const IMAGES: usize = 256;

/// How choices are refined.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Refinement by the measured error of the output")]
pub(crate) struct RefineArgs {
    /// Improve the choices for at most N rounds: exchanges of sizes between channels, accepted if the output of the network
    /// with all choices together comes closer to that of the network as it is
    #[arg(long, value_name = "N", requires = "model", requires = "data", conflicts_with = "windows")]
    pub(super) refine: Option<usize>,

    /// Budgets between every ReLU and the one asked for, at each of which distortions are measured again around what is
    /// chosen, to find a choice that the refinement may start from
    #[arg(long, value_name = "N", default_value = "10", requires = "refine")]
    steps: usize,

    /// A spec that a refinement may start from as well, where it fits the budget; may be repeated
    #[arg(long, value_name = "SPEC", requires = "refine")]
    start: Vec<PathBuf>,

    /// The network the table is of
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Images to measure on (256 unless --count says otherwise); those of the table will do
    #[arg(long, value_name = "IMAGES")]
    data: Option<PathBuf>,

    /// Random probes of the output an image [default: every output up to 16, else 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    probes: Option<u32>,

    /// What is compared with the network as it is
    #[arg(long, value_name = "WHICH", default_value = "directions", requires = "refine")]
    error: ErrorOf,

    /// Where to compute
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: DeviceName,

    #[command(flatten)]
    samples: SampleArgs,
}

/// What of the output is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ErrorOf {
    /// The outputs themselves, as distortions do
    Outputs,
    /// The direction of the outputs of an image or pixel, less their mean: scale and offset do not change the prediction
    Directions,
}

impl ErrorOf {
    const fn compared(self) -> Compared {
        match self {
            Self::Outputs => Compared::Outputs,
            Self::Directions => Compared::Directions,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Outputs => "the outputs' mean squared change",
            Self::Directions => "the mean squared change of the outputs' directions",
        }
    }
}

impl RefineArgs {
    /// The network and the images, if choices are to be refined.
    pub(super) fn read(&self, table: &Table) -> Result<Option<Samples>> {
        let (Some(_), Some(model), Some(data)) = (self.refine, &self.model, &self.data) else {
            return Ok(None);
        };
        let samples = self.samples.read(model, data, IMAGES)?;
        ensure!(
            samples.model_sha256 == table.provenance.model_sha256,
            "{} is not the network whose distortions were measured ({}): give that one to --model",
            model.display(),
            table.provenance.model
        );
        Ok(Some(samples))
    }

    /// The choices of the specs of `--start`.
    fn given(&self, problem: &Problem<'_>) -> Result<Vec<Solution>> {
        let read = |path: &PathBuf| {
            let start = problem.start(&Spec::read(path)?);
            start.with_context(|| format!("--start {}", path.display()))
        };
        self.start.iter().map(read).collect()
    }

    pub(super) fn around<'a>(&self, table: &Table, samples: &'a Samples) -> Result<Around<'a>> {
        let look = Look { probes: self.probes, compared: self.error.compared() };
        Ok(Around::new(&samples.graph, &device(self.device)?, table, &samples.images, look)?)
    }

    /// Refines the answers to all budgets until the rounds are over, nothing improves them, or `stop` is raised.
    pub(super) fn run(
        &self,
        problem: &Problem<'_>,
        around: &Around<'_>,
        answers: &mut [Answer],
        stop: &Arc<AtomicBool>,
    ) -> Result<()> {
        // What fits a budget fits every larger one, too.
        let mut earlier = self.given(problem)?;
        let bar = Bar::spinner("following the budget");
        let go_on =
            || if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let budgets: Vec<u64> = answers.iter().map(|answer| answer.budget).collect();
        let followed = problem.follow(around, &budgets, self.steps, &mut |step, of| {
            bar.say(format!("following the budget: step {step} of {of}"));
            go_on()
        })?;
        let mut answers: Vec<_> = answers.iter_mut().zip(followed).collect();
        answers.sort_by_key(|(answer, _)| answer.budget);
        for (answer, followed) in answers {
            let begin = Instant::now();
            let mut starts = problem.starts(&answer.solution, answer.budget)?;
            starts.extend(followed);
            starts.extend(earlier.iter().filter(|start| start.cost <= answer.budget).cloned());
            let given = &answer.given;
            let rounds = if stop.load(Ordering::Relaxed) { 0 } else { self.refine.unwrap_or(0) };
            let refined = problem.refine(around, starts, answer.budget, rounds, &mut |exchange| {
                bar.say(format!("refining {given}: {exchange}"));
                go_on()
            });
            let refined = refined.with_context(|| format!("the choice for {given} cannot be refined"))?;
            bar.aside(format_args!(
                "{given}: refined in {} rounds: {} fell from {:.4e} to {:.4e}",
                refined.rounds,
                self.error.name(),
                refined.before,
                refined.after
            ));
            answer.measured = Some(around.change(&refined.solution.choices));
            answer.solution = refined.solution;
            earlier.push(answer.solution.clone());
            answer.seconds += begin.elapsed();
        }
        Ok(())
    }
}
