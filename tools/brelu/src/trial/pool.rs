//! Cases that are run several at a time.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::TrialError;

/// Every case with its outcome, and the lanes.
pub(super) type Done<C, O, L> = (Vec<(C, O)>, Vec<L>);

/// Runs every case on one of `jobs` threads, each of which has a lane of its own.
pub(super) fn run<C: Copy + Send + Sync, L: Send, O: Send>(
    cases: &[C],
    jobs: usize,
    open: impl Fn() -> Result<L, TrialError> + Sync,
    one: impl Fn(&mut L, &C) -> Result<O, TrialError> + Sync,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Done<C, O, L>, TrialError> {
    let (next, done, outcomes) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> Result<L, TrialError> {
        let mut lane = open()?;
        while let Some(case) = cases.get(next.fetch_add(1, Relaxed)) {
            let outcome = one(&mut lane, case)?;
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((*case, outcome));
            progress(done.fetch_add(1, Relaxed) + 1, cases.len());
        }
        Ok(lane)
    };
    let lanes: Result<Vec<L>, TrialError> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs.clamp(1, cases.len().max(1))).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(Err(TrialError::Interrupted))).collect()
    });
    Ok((outcomes.into_inner().unwrap_or_else(PoisonError::into_inner), lanes?))
}
