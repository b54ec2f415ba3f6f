//! One share of memory for the computations of all sessions: those for which there is no room now wait for it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Need, PlanLimits};

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

    /// Waits for the room of one computation of a plan that was admitted, first come, first served. It is given back on
    /// drop.
    pub(crate) async fn take(&self, need: &Need) -> Option<OwnedSemaphorePermit> {
        let pieces = u32::try_from(need.session.div_ceil(PIECE)).unwrap_or(u32::MAX).min(self.all);
        // The semaphore is never closed.
        self.free.clone().acquire_many_owned(pieces).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn what_does_not_fit_waits_and_what_fits_alone_always_comes() {
        let room = Room::new(&PlanLimits { memory: 10 << 20, work: 0 });
        let need = |session| Need { model: 0, session, work: 0 };
        let first = room.take(&need(6 << 20)).await;
        assert!(first.is_some());
        let second = tokio::time::timeout(Duration::from_millis(20), room.take(&need(5 << 20))).await;
        assert!(second.is_err(), "6 and 5 MiB do not fit into 10");
        assert!(room.take(&need(4 << 20)).await.is_some());
        drop(first);
        assert!(room.take(&need(u64::MAX)).await.is_some());
    }
}
