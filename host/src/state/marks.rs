//! Marks of peers behind a mutex, in a file or in memory.

use std::path::Path;
use std::sync::Mutex;

use super::log::{Log, Mark, Marks};
use super::{Peer, StateError, locked};

/// The marks of all peers. Several processes may open one file.
#[derive(Debug)]
pub(super) struct Marked<M>(Mutex<Known<M>>);

#[derive(Debug)]
struct Known<M> {
    marks: Marks<M>,
    log: Option<Log<M>>,
}

impl<M: Mark> Marked<M> {
    /// Marks that are forgotten with the process.
    pub(super) fn memory() -> Self {
        Self(Mutex::new(Known { marks: Marks::new(), log: None }))
    }

    /// Marks in the log at `path`, which is made if there is none.
    pub(super) fn open(path: &Path) -> Result<Self, StateError> {
        let mut marks = Marks::new();
        let log = Some(Log::open(path, &mut marks)?);
        Ok(Self(Mutex::new(Known { marks, log })))
    }

    /// The mark of `peer`.
    pub(super) fn get(&self, peer: &Peer) -> Result<Option<M>, StateError> {
        self.read(|marks| marks.get(peer).copied())
    }

    /// The marks of all peers.
    pub(super) fn all(&self) -> Result<Marks<M>, StateError> {
        self.read(Marks::clone)
    }

    fn read<T>(&self, read: impl FnOnce(&Marks<M>) -> T) -> Result<T, StateError> {
        let Known { marks, log } = &mut *locked(&self.0);
        if let Some(log) = log {
            log.hold(marks)?;
        }
        Ok(read(marks))
    }

    /// Chooses a mark for `peer` by those there are and records it, with nobody in between. It is on disk when this returns.
    pub(super) fn advance(
        &self,
        peer: &Peer,
        choose: impl FnOnce(&Marks<M>) -> Result<M, StateError>,
    ) -> Result<M, StateError> {
        let Known { marks, log } = &mut *locked(&self.0);
        let held = log.as_mut().map(|log| log.hold(marks)).transpose()?;
        let mark = choose(marks)?;
        match held {
            Some(held) => held.append(peer, mark, marks)?,
            None => marks.entry(*peer).or_insert(mark).raise(mark),
        }
        Ok(mark)
    }
}
