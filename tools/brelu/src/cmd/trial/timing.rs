use anyhow::{Result, ensure};
use brelu::report::{Bar, Table, print, print_json};

use brelu::trial::timing::{self, CERTAIN, StepTiming};
use brelu_networks::numbers::count;
use clap::Args;

/// Look for steps of the protocol whose time depends on their secrets
#[derive(Debug, Args)]
#[command(after_help = "\
Every step runs on zeros and on random secrets, in random order, and the times of both are compared with Welch's t-test. \
A |t| above 10, twice, is a leak, and the command fails. A deliberate leak has to be found, or nothing is said. What this \
cannot show: leaks between other inputs, on other processors, through caches that another process watches, through power \
or radio, or smaller than the noise of this machine; and it does not try the weights of the server, whose size decides \
which kernel computes a layer.

Examples:
  brelu trial timing
  brelu trial timing --measurements 1000000 --json")]
pub(crate) struct Timing {
    /// Measurements of each step
    #[arg(long, value_name = "N", default_value = "100000", value_parser = clap::value_parser!(u32).range(1000..))]
    measurements: u32,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Timing {
    pub(super) fn run(self) -> Result<()> {
        let bar = Bar::new(1, "steps");
        let timing = timing::run(self.measurements as usize, |done, of| bar.at(done as u64, of as u64))?;
        drop(bar);
        if self.json { print_json(&timing) } else { print(text(&timing)) }?;
        let leaks = timing.steps.iter().filter(|step| step.leaks);
        let leaks: Vec<_> = leaks.map(|step| format!("{} of {}", step.step, step.party)).collect();
        ensure!(leaks.is_empty(), "the time of these steps depends on their secrets: {}", leaks.join(", "));
        Ok(())
    }
}

fn text(timing: &timing::Timing) -> String {
    let mut table = Table::new(["party", "step", "measurements", "t", ""], 2);
    for step in timing.steps.iter().chain([&timing.control]) {
        table.row([
            step.party.into(),
            step.step.into(),
            count(step.measurements as u64),
            format!("{:.1}", step.t),
            verdict(step).into(),
        ]);
    }
    format!("zeros against random secrets; |t| above {CERTAIN:.0} is a difference\n{table}")
}

fn verdict(step: &StepTiming) -> &'static str {
    if step.leaks { "depends on secrets" } else { "no difference found" }
}
