//! `--refine`: exchanges accepted by the measured error of the output.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use brelu_tools::distortion::{Around, Table};
use brelu_tools::knapsack::{Problem, Refined, Solution};
use brelu_tools::report::{Bar, note};
use clap::Args;

use crate::cmd::samples::{DeviceName, SampleArgs, Samples};

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

    /// The network the table is of
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Images to measure on (256 unless --count says otherwise); those of the table will do
    #[arg(long, value_name = "IMAGES")]
    data: Option<PathBuf>,

    /// Random probes of the output an image [default: every output up to 16, else 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    probes: Option<u32>,

    /// Where to compute
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: DeviceName,

    #[command(flatten)]
    samples: SampleArgs,
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

    pub(super) fn around<'a>(&self, table: &Table, samples: &'a Samples) -> Result<Around<'a>> {
        Ok(Around::new(&samples.graph, &self.device.device()?, table, &samples.images, self.probes)?)
    }

    /// Refines a solution until the rounds are over, nothing improves it, or `stop` is raised.
    pub(super) fn run(
        &self,
        problem: &Problem<'_>,
        around: &Around<'_>,
        start: Solution,
        budget: u64,
        stop: &Arc<AtomicBool>,
    ) -> Result<Refined> {
        let rounds = self.refine.unwrap_or(0);
        let bar = Bar::spinner("refining");
        let mut starts = problem.starts(&start, budget)?;
        starts.extend(problem.follow(around, budget, self.steps, &mut |step| {
            bar.say(format!("following the budget: step {step} of {}", self.steps));
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?);
        let refined = problem.refine(around, starts, budget, rounds, &mut |exchange| {
            let verdict = if exchange.accepted { "taken" } else { "refused" };
            bar.say(format!(
                "refining: {} channels, error {:.4e}: {verdict}",
                exchange.channels, exchange.error
            ));
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        drop(bar);
        let refined = refined.context("the choice cannot be refined")?;
        note(format_args!(
            "refined in {} rounds: the outputs' mean squared change fell from {:.4e} to {:.4e}",
            refined.rounds, refined.before, refined.after
        ));
        Ok(refined)
    }
}
