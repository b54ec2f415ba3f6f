//! The highest epoch used with every peer.

use std::path::Path;
use std::sync::Mutex;

use super::log::{Floors, Log};
use super::{Peer, StateError, locked};

/// The highest epoch used with every peer. Share it behind an `Arc`; several processes may open one file.
#[derive(Debug)]
pub struct Epochs(Mutex<Known>);

#[derive(Debug)]
struct Known {
    floors: Floors<u32>,
    log: Option<Log<u32>>,
}

impl Epochs {
    /// Epochs that are forgotten with the process, for parties that make new keys whenever they start.
    pub fn memory() -> Self {
        Self(Mutex::new(Known { floors: Floors::new(), log: None }))
    }

    /// Epochs in the file at `path`, which is made, readable by its owner only, if there is none. Its directory must
    /// exist. A record cut short by a loss of power is dropped: its epoch was not used.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is damaged before its last record.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let mut floors = Floors::new();
        let log = Some(Log::open(path, &mut floors)?);
        Ok(Self(Mutex::new(Known { floors, log })))
    }

    /// The highest epoch used with `peer`, 0 if none.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn floor(&self, peer: &Peer) -> Result<u32, StateError> {
        let Known { floors, log } = &mut *locked(&self.0);
        if let Some(log) = log {
            log.hold(floors)?;
        }
        Ok(floors.get(peer).copied().unwrap_or(0))
    }

    /// Uses up `epoch` and all before it. It is on disk when this returns.
    ///
    /// # Errors
    /// [`StateError::Reused`] if it was used up before; or if the file cannot be read or written, and then the epoch
    /// must not be used.
    pub fn consume(&self, peer: &Peer, epoch: u32) -> Result<(), StateError> {
        let fresh = |floor| if epoch > floor { Ok(epoch) } else { Err(StateError::Reused { epoch, floor }) };
        self.advance(peer, fresh).map(drop)
    }

    /// Uses up the first epoch that is fresh and larger than `at_least`, and returns it. It is on disk when this
    /// returns.
    ///
    /// # Errors
    /// [`StateError::Exhausted`] if there is none; or if the file cannot be read or written.
    pub fn next(&self, peer: &Peer, at_least: u32) -> Result<u32, StateError> {
        self.advance(peer, |floor| floor.max(at_least).checked_add(1).ok_or(StateError::Exhausted))
    }

    /// Chooses an epoch by the floor and records it, with nobody in between.
    fn advance(
        &self,
        peer: &Peer,
        choose: impl FnOnce(u32) -> Result<u32, StateError>,
    ) -> Result<u32, StateError> {
        let Known { floors, log } = &mut *locked(&self.0);
        let held = log.as_mut().map(|log| log.hold(floors)).transpose()?;
        let epoch = choose(floors.get(peer).copied().unwrap_or(0))?;
        held.map_or(Ok(()), |held| held.append(peer, epoch))?;
        floors.insert(*peer, epoch);
        Ok(epoch)
    }
}
