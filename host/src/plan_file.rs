//! Plans with the bytes that they are read from.

use std::fmt;

use brelu_core::plan::{Plan, PlanError};

self_cell::self_cell!(
    struct Cell {
        owner: Vec<u8>,

        #[covariant]
        dependent: Plan,
    }
);

/// A checked plan that owns its file: parties that get plans from others share it and let go of it.
pub struct OwnedPlan(Cell);

impl OwnedPlan {
    /// Checks a plan.
    ///
    /// # Errors
    /// If the bytes are no valid plan.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, PlanError> {
        Cell::try_new(bytes, |bytes| Plan::parse(bytes)).map(Self)
    }

    /// A plan of its own with the same bytes.
    ///
    /// # Errors
    /// None: a plan that was checked once passes again.
    pub fn copy(plan: &Plan<'_>) -> Result<Self, PlanError> {
        Self::parse(plan.bytes().to_vec())
    }

    /// The plan.
    pub fn get(&self) -> &Plan<'_> {
        self.0.borrow_dependent()
    }
}

impl fmt::Debug for OwnedPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnedPlan({}, {} nodes)", self.get().header().name, self.get().len())
    }
}

/// Checks a plan and keeps it for good: a process that is started with one holds on to it, from many threads, until it ends.
///
/// # Errors
/// If the bytes are no valid plan; then nothing is kept.
pub fn keep(bytes: Vec<u8>) -> Result<&'static Plan<'static>, PlanError> {
    Ok(Box::leak(Box::new(OwnedPlan::parse(bytes)?)).get())
}
