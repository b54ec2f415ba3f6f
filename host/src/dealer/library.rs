//! The models a dealer was given, in memory; those that leave come back from the disk or from their server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use brelu_core::plan::Plan;

use super::parts::{ModelId, Parts, model_bytes};
use super::storage::Storage;
use super::{DealerModel, ServerShare};
use crate::error::SessionError;
use crate::limits::PlanLimits;

/// A model in memory.
struct Held {
    model: Arc<DealerModel>,
    bytes: u64,
    /// When it was used last, in uses of the library.
    used: u64,
}

/// A model that left while sessions use it: its memory is its server's until the last of them ends.
struct Lent {
    id: ModelId,
    model: Weak<DealerModel>,
    bytes: u64,
}

#[derive(Default)]
struct Shelves {
    held: BTreeMap<ModelId, Held>,
    lent: Vec<Lent>,
    /// Models on their way, by the number of their room.
    rooms: BTreeMap<u64, (ModelId, u64)>,
    uses: u64,
}

impl Shelves {
    fn touch(&mut self, id: &ModelId) -> Option<Arc<DealerModel>> {
        self.uses += 1;
        let held = self.held.get_mut(id)?;
        held.used = self.uses;
        Some(held.model.clone())
    }

    /// Whether one more model of `bytes` bytes is within a server's share.
    fn fits(&self, id: &ModelId, bytes: u64, share: &ServerShare) -> bool {
        let held = self.held.iter().map(|(id, held)| (id, held.bytes));
        let lent = self.lent.iter().map(|lent| (&lent.id, lent.bytes));
        let rooms = self.rooms.values().map(|(id, bytes)| (id, *bytes));
        let all = held.chain(lent).chain(rooms).filter(|(other, _)| other.server == id.server);
        let (mut models, mut sum) = (BTreeSet::from([id]), bytes);
        for (other, bytes) in all {
            models.insert(other);
            sum = sum.saturating_add(bytes);
        }
        models.len() <= share.models && sum <= share.bytes
    }

    /// Lets go of the model that was not used for the longest time among those that `may` go; whether there was one.
    fn drop_oldest(&mut self, may: impl Fn(&ModelId, &Held) -> bool) -> bool {
        let oldest = self.held.iter().filter(|(id, held)| may(id, held)).min_by_key(|(_, held)| held.used);
        let Some(id) = oldest.map(|(id, _)| *id) else { return false };
        if let Some(Held { model, bytes, .. }) = self.held.remove(&id)
            && Arc::strong_count(&model) > 1
        {
            self.lent.push(Lent { id, model: Arc::downgrade(&model), bytes });
        }
        true
    }
}

/// The models of a dealer.
pub(super) struct Library {
    most: usize,
    share: ServerShare,
    limits: PlanLimits,
    shelves: Arc<Mutex<Shelves>>,
    storage: Option<Storage>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Library({} models at most)", self.most)
    }
}

/// Room for a model in its server's share, until it is there or the room is dropped.
pub(super) struct Room {
    shelves: Arc<Mutex<Shelves>>,
    id: ModelId,
    bytes: u64,
    number: u64,
}

fn lock(shelves: &Mutex<Shelves>) -> MutexGuard<'_, Shelves> {
    shelves.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Room {
    fn drop(&mut self) {
        lock(&self.shelves).rooms.remove(&self.number);
    }
}

impl Library {
    /// Keeps at most `most` models in memory, and [`ServerShare::ON_DISK`] times as many in `folder` if there is one; and of
    /// one server its share. No plan takes more than `limits` say.
    pub(super) fn new(folder: Option<PathBuf>, most: usize, share: ServerShare, limits: PlanLimits) -> Self {
        let storage = folder.map(|folder| Storage::new(folder, most, share));
        Self { most, share, limits, shelves: Arc::default(), storage }
    }

    /// A model that was given before. A file that is not what it should be counts as none: the server sends it again.
    ///
    /// # Errors
    /// If its server has no room for it at the moment, or its plan takes more than it may.
    pub(super) fn get(&self, id: &ModelId) -> Result<Option<Arc<DealerModel>>, SessionError> {
        let known = lock(&self.shelves).touch(id);
        let stored = || self.storage.as_ref()?.read(id);
        let Some(parts) = known.is_none().then(stored).flatten() else { return Ok(known) };
        let room = self.reserve(id, parts.plan.get())?;
        Ok(parts.model(id).ok().map(|model| self.add(&room, model)))
    }

    /// Room for a model of this plan. Models of the same server that nobody uses make room, the least recently used one
    /// first.
    ///
    /// # Errors
    /// [`SessionError::ModelShare`] if there is never so much room for one server, [`SessionError::ModelsInUse`] if there is
    /// none at the moment; or if the plan takes more than it may.
    pub(super) fn reserve(&self, id: &ModelId, plan: &Plan<'_>) -> Result<Room, SessionError> {
        self.limits.dealer(plan)?;
        let bytes = model_bytes(plan);
        if bytes > self.share.bytes {
            return Err(SessionError::ModelShare { bytes, most: self.share.bytes });
        }
        let mut shelves = lock(&self.shelves);
        shelves.lent.retain(|lent| lent.model.strong_count() > 0);
        let idle = |other: &ModelId, held: &Held| {
            other.server == id.server && other != id && Arc::strong_count(&held.model) == 1
        };
        while !shelves.fits(id, bytes, &self.share) {
            if !shelves.drop_oldest(idle) {
                return Err(SessionError::ModelsInUse(self.share.models));
            }
        }
        shelves.uses += 1;
        let number = shelves.uses;
        shelves.rooms.insert(number, (*id, bytes));
        Ok(Room { shelves: self.shelves.clone(), id: *id, bytes, number })
    }

    /// Takes a model in memory and, if there is a folder, on disk.
    ///
    /// # Errors
    /// If it is not the one that the room is for, or a kernel refuses its map.
    pub(super) fn put(&self, room: &Room, parts: &Parts) -> Result<Arc<DealerModel>, SessionError> {
        let model = self.add(room, parts.model(&room.id)?);
        // A model that cannot be stored is there all the same, until it is not used for a while.
        drop(self.storage.as_ref().map(|storage| storage.write(&room.id, parts)));
        Ok(model)
    }

    /// Takes a model in. If there are too many, the least recently used ones leave, whosever they are; sessions that use them
    /// go on.
    fn add(&self, room: &Room, model: DealerModel) -> Arc<DealerModel> {
        let mut shelves = lock(&self.shelves);
        // Another session may have brought it meanwhile.
        if let Some(known) = shelves.touch(&room.id) {
            return known;
        }
        let model = Arc::new(model);
        let used = shelves.uses;
        shelves.held.insert(room.id, Held { model: model.clone(), bytes: room.bytes, used });
        while shelves.held.len() > self.most && shelves.drop_oldest(|id, _| *id != room.id) {}
        model
    }
}

#[cfg(test)]
pub(super) mod tests;
