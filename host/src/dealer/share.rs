//! What one server may have of a dealer, so that none takes the room of the others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use brelu_core::channel::PublicKey;

use crate::error::SessionError;

/// What one server, known by its public key, may have of a dealer.
#[derive(Clone, Copy, Debug)]
pub struct ServerShare {
    /// Sessions at a time.
    pub sessions: usize,
    /// Models in memory; on disk [`Self::ON_DISK`] times as many.
    pub models: usize,
    /// Bytes of its models in memory, a weight being 4, with those that sessions still use and those on their way; on disk
    /// [`Self::ON_DISK`] times as many. A model that is on its way or packed takes about three times as much for a moment.
    pub bytes: u64,
    /// Clients it may introduce: they are remembered for good.
    pub clients: usize,
}

impl ServerShare {
    /// How much larger the share of the disk is than that of the memory.
    pub const ON_DISK: usize = 4;
}

impl Default for ServerShare {
    fn default() -> Self {
        Self { sessions: 64, models: 4, bytes: 4 << 30, clients: 1 << 16 }
    }
}

/// The sessions of every server.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<BTreeMap<PublicKey, usize>>);

impl Places {
    fn taken(&self) -> MutexGuard<'_, BTreeMap<PublicKey, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for another session of `server`, of which it may have `most`.
    pub(super) fn enter(self: &Arc<Self>, server: &PublicKey, most: usize) -> Result<Place, SessionError> {
        let mut taken = self.taken();
        let count = taken.entry(*server).or_default();
        if *count >= most {
            return Err(SessionError::TooManyOfServer(most));
        }
        *count += 1;
        Ok(Place { places: self.clone(), server: *server })
    }
}

/// One session's place; it is given up on drop.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    server: PublicKey,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.server) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.server);
            }
        }
    }
}
