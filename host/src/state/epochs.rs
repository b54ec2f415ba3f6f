//! The highest epoch used with every peer.

use std::path::Path;

use brelu_core::channel::{EPOCH_JUMP, EPOCH_LEAD};

use super::log::{Mark, Marks};
use super::marks::Marked;
use super::{Group, Peer, StateError, members};

/// The highest epoch used with every peer. Share it behind an `Arc`; several processes may open one file.
#[derive(Debug)]
pub struct Epochs(Marked<Epoch>);

/// An epoch that is used up, with all before it.
#[derive(Clone, Copy, Debug)]
struct Epoch(u32);

impl Mark for Epoch {
    const MAGIC: &'static [u8; 8] = b"BRELUEPO";
    const LEN: usize = 4;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.0.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u32::from_le_bytes).map(Self)
    }

    fn raise(&mut self, other: Self) {
        self.0 = self.0.max(other.0);
    }
}

impl Epochs {
    /// Epochs that are forgotten with the process, for parties that make new keys whenever they start.
    pub fn memory() -> Self {
        Self(Marked::memory())
    }

    /// Epochs in the file at `path`, which is made, readable by its owner only, if there is none. Its directory must
    /// exist. A record cut short by a loss of power is dropped: its epoch was not used.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is damaged before its last record.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        Marked::open(path).map(Self)
    }

    /// The highest epoch used with `peer`, 0 if none.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn floor(&self, peer: &Peer) -> Result<u32, StateError> {
        Ok(self.0.get(peer)?.map_or(0, |epoch| epoch.0))
    }

    /// Uses up `epoch` and all before it. It is on disk when this returns.
    ///
    /// # Errors
    /// [`StateError::Reused`] if it was used up before, [`StateError::Jump`] if it is more than [`EPOCH_JUMP`] beyond the
    /// last one that was; or if the file cannot be read or written, and then the epoch must not be used.
    pub fn consume(&self, peer: &Peer, epoch: u32) -> Result<(), StateError> {
        let fresh = |known: &Marks<Epoch>| match floor(known, peer) {
            floor if epoch <= floor => Err(StateError::Reused { epoch, floor }),
            floor if epoch - floor > EPOCH_JUMP => Err(StateError::Jump { epoch, floor }),
            _ => Ok(Epoch(epoch)),
        };
        self.0.advance(peer, fresh).map(drop)
    }

    /// Uses up the first epoch that is fresh and larger than `at_least`, and returns it. It is on disk when this
    /// returns.
    ///
    /// # Errors
    /// [`StateError::Behind`] if `at_least` is more than [`EPOCH_LEAD`] beyond the last one that was used up: that many
    /// are used up by this. [`StateError::Exhausted`] if there is none; or if the file cannot be read or written.
    pub fn next(&self, peer: &Peer, at_least: u32) -> Result<u32, StateError> {
        self.next_among(peer, at_least, usize::MAX)
    }

    /// As [`Self::next`], for a peer whose name begins with that of its group, of which at most `most` are recorded.
    ///
    /// # Errors
    /// As there, or [`StateError::Crowded`] if the peer is not recorded and `most` others of its group are.
    pub fn next_among(&self, peer: &Peer, at_least: u32, most: usize) -> Result<u32, StateError> {
        let group: Group = peer.first_chunk().copied().unwrap_or_default();
        let mut behind = None;
        let epoch = self.0.advance(peer, |known| {
            if !known.contains_key(peer) && known.range(members(&group)).count() >= most {
                return Err(StateError::Crowded(most));
            }
            let (floor, reach) = (floor(known, peer), floor(known, peer).saturating_add(EPOCH_LEAD));
            if at_least > reach {
                behind = Some(StateError::Behind { missing: at_least - floor });
                return Ok(Epoch(reach));
            }
            floor.max(at_least).checked_add(1).map(Epoch).ok_or(StateError::Exhausted)
        })?;
        behind.map_or(Ok(epoch.0), Err)
    }
}

fn floor(known: &Marks<Epoch>, peer: &Peer) -> u32 {
    known.get(peer).map_or(0, |epoch| epoch.0)
}
