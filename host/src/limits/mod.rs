//! What a plan takes of a party, from the plan alone, and what a party gives: a plan that asks for more is refused before
//! anything of it is in memory.

mod machine;
mod need;
mod room;

use brelu_core::plan::Plan;

pub use machine::machine_memory;
pub use need::Need;
pub(crate) use room::Room;

/// What a party gives to one plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimits {
    /// Bytes of memory.
    pub memory: u64,
    /// Operations of one inference: products, additions and words of randomness.
    pub work: u64,
}

impl Default for PlanLimits {
    /// 4 GiB, whatever [`machine_memory`] is, and [`Self::WORK`].
    fn default() -> Self {
        Self { memory: 4 << 30, work: Self::WORK }
    }
}

/// Why a plan is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// It takes more memory than it is given.
    #[error(
        "this plan takes {} MiB of memory at the {party}, which gives a plan {} MiB: raise --plan-memory there, or compile a \
         smaller network",
        need.div_ceil(1 << 20), have >> 20
    )]
    Memory {
        /// Who refuses.
        party: &'static str,
        /// Bytes it takes.
        need: u64,
        /// Bytes it is given.
        have: u64,
    },
    /// It takes more work than it is given.
    #[error(
        "an inference with this plan takes {} million operations at the {party}, which gives one {} million: raise \
         --plan-work there, or compile a smaller network",
        need.div_ceil(1_000_000), have / 1_000_000
    )]
    Work {
        /// Who refuses.
        party: &'static str,
        /// Operations it takes.
        need: u64,
        /// Operations it is given.
        have: u64,
    },
}

impl PlanLimits {
    /// Operations that are enough for every network whose inference takes minutes at most.
    pub const WORK: u64 = 1_000_000_000_000;

    /// What a dealer needs for `plan`.
    ///
    /// # Errors
    /// If that is more than it gives.
    pub fn dealer(&self, plan: &Plan<'_>) -> Result<Need, Excess> {
        self.check("dealer", Need::dealer(plan))
    }

    /// What a server needs for `plan`.
    ///
    /// # Errors
    /// If that is more than it gives.
    pub fn server(&self, plan: &Plan<'_>) -> Result<Need, Excess> {
        self.check("server", Need::server(plan))
    }

    /// What a client, or a delegate, needs for `plan`.
    ///
    /// # Errors
    /// If that is more than it gives.
    pub fn client(&self, plan: &Plan<'_>) -> Result<Need, Excess> {
        self.check("client", Need::client(plan))
    }

    fn check(&self, party: &'static str, need: Need) -> Result<Need, Excess> {
        // No allocation is larger than half of the address space.
        let have = self.memory.min(isize::MAX as u64);
        if need.memory() > have {
            return Err(Excess::Memory { party, need: need.memory(), have });
        }
        if need.work > self.work {
            return Err(Excess::Work { party, need: need.work, have: self.work });
        }
        Ok(need)
    }
}
