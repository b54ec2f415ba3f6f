//! Trials: the parties under conditions that should not change what they do.

mod client;
mod crowd;
mod device;
mod faults;
mod restarts;
mod timing;

use std::path::PathBuf;

use anyhow::Result;
use brelu::report::Bar;
use brelu::trial::subject::Subject;
use clap::{Args, Subcommand};

use super::files::{read_plan, read_weights};

pub(super) const AFTER_HELP: &str = "\
Each trial prints a table and fails if anything is wrong: a wrong result, an inference number used twice, a session that \
hangs, a step whose time depends on a secret.

Examples:
  brelu trial faults
  brelu trial restarts --cycles 500
  brelu trial crowd --clients 64 --hostile 5
  brelu trial timing
  brelu trial device --firmware device.elf --board lm3s6965evb";

/// Try the parties: with faults and attacks that must change nothing
#[derive(Debug, Subcommand)]
pub(crate) enum Trial {
    #[command(hide = true)]
    Client(client::Client),
    Faults(faults::Faults),
    Restarts(restarts::Restarts),
    Timing(timing::Timing),
    Crowd(crowd::Crowd),
    Device(Box<device::Device>),
}

impl Trial {
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Client(command) => command.run(),
            Self::Faults(command) => command.run(),
            Self::Restarts(command) => command.run(),
            Self::Timing(command) => command.run(),
            Self::Crowd(command) => command.run(),
            Self::Device(command) => command.run(),
        }
    }
}

/// Which network is tried.
#[derive(Clone, Debug, Args)]
struct SubjectArgs {
    /// A plan [default: a small generated network]
    #[arg(long, value_name = "FILE", requires = "weights")]
    plan: Option<PathBuf>,

    /// The weights that belong to it
    #[arg(long, value_name = "FILE", requires = "plan")]
    weights: Option<PathBuf>,

    /// Seed of the network, the pictures, and all choices
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,

    /// Print JSON: times in seconds
    #[arg(long)]
    json: bool,
}

impl SubjectArgs {
    fn subject(&self) -> Result<Subject> {
        let _spinner = Bar::spinner("making a network");
        if let (Some(plan), Some(weights)) = (&self.plan, &self.weights) {
            let plan = read_plan(plan)?;
            return Ok(Subject::given(plan, read_weights(plan, weights)?, self.seed)?);
        }
        Ok(Subject::generated(self.seed)?)
    }
}

/// How results are judged, in words.
fn judged(subject: &Subject) -> String {
    if subject.plan.header().answer.labels().is_some() {
        return "a result is right if its labels are those of all simulations".into();
    }
    format!(
        "a result is right within {} of its mean in simulations; the two best of its classes are at least {} apart",
        subject.tolerance,
        subject.margin()
    )
}
