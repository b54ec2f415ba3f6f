//! How much of a machine one plan may take.

use brelu_host::limits::{PlanLimits, machine_memory};
use clap::Args;

use super::arguments::{positive, size};

/// What the plan of a party may take.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ShareArgs {
    /// Most bytes of memory the plan may take; K, M and G are understood [default: half of this machine's memory]
    #[arg(long, value_name = "BYTES", value_parser = size)]
    plan_memory: Option<u64>,

    #[command(flatten)]
    work: WorkArgs,
}

/// The work of one inference.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct WorkArgs {
    /// Most operations an inference with a plan may take here, in millions
    #[arg(long, value_name = "MILLIONS", default_value = "1000000", value_parser = positive)]
    plan_work: usize,
}

impl ShareArgs {
    /// What the party gives to its plan.
    pub(crate) fn limits(&self) -> PlanLimits {
        self.work.limits(self.plan_memory.unwrap_or_else(|| machine_memory() / 2))
    }
}

impl WorkArgs {
    /// With so many bytes of memory.
    pub(crate) const fn limits(&self, memory: u64) -> PlanLimits {
        PlanLimits { memory, work: (self.plan_work as u64).saturating_mul(1_000_000) }
    }
}
