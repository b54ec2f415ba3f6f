//! Plans that live as long as the process.

use brelu_core::plan::{Plan, PlanError};

/// Checks a plan and keeps it for good: parties hold on to the few plans they have, from many threads.
///
/// # Errors
/// If the bytes are no valid plan; then nothing is kept.
pub fn keep(bytes: Vec<u8>) -> Result<&'static Plan<'static>, PlanError> {
    Plan::parse(&bytes)?;
    let bytes: &'static [u8] = Box::leak(bytes.into_boxed_slice());
    Ok(Box::leak(Box::new(Plan::parse(bytes)?)))
}
