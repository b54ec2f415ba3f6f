//! One share of memory for the computations of all sessions: those for which there is no room now wait for it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::PlanLimits;

/// Memory is lent in pieces of this many bytes.
const PIECE: u64 = 1 << 20;

/// What is lent to computations: as much as one plan is given.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    free: Arc<Semaphore>,
    all: u32,
}

impl Room {
    /// As much as `limits` give to one plan.
    pub(crate) fn new(limits: &PlanLimits) -> Self {
        let all = u32::try_from(limits.memory / PIECE).unwrap_or(u32::MAX).max(1);
        Self { free: Arc::new(Semaphore::new((all as usize).min(Semaphore::MAX_PERMITS))), all }
    }

    /// Waits for `bytes` bytes, first come, first served.
    pub(crate) async fn take(&self, bytes: u64) -> Lent {
        let pieces = pieces(bytes).min(self.all);
        // The semaphore is never closed.
        Lent(self.free.clone().acquire_many_owned(pieces).await.ok())
    }
}

fn pieces(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX)
}

/// Memory that is lent, until this is dropped.
#[derive(Debug)]
pub(crate) struct Lent(Option<OwnedSemaphorePermit>);

impl Lent {
    /// Gives back all but `bytes` bytes.
    pub(crate) fn keep(mut self, bytes: usize) -> Self {
        let kept = |lent: &mut OwnedSemaphorePermit| {
            lent.split((pieces(bytes as u64) as usize).min(lent.num_permits()))
        };
        Self(self.0.as_mut().and_then(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn what_does_not_fit_waits_and_what_fits_alone_always_comes() {
        let room = Room::new(&PlanLimits { memory: 10 << 20, work: 0 });
        let soon = async |bytes| tokio::time::timeout(Duration::from_millis(20), room.take(bytes)).await;
        let first = soon(6 << 20).await.unwrap();
        assert!(soon(5 << 20).await.is_err(), "6 and 5 MiB do not fit into 10");
        assert!(soon(4 << 20).await.is_ok());
        let message = first.keep(1 << 20);
        assert!(soon(9 << 20).await.is_ok());
        assert!(soon(10 << 20).await.is_err());
        drop(message);
        assert!(soon(u64::MAX).await.is_ok());
    }
}
