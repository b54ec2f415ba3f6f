//! Prepared inferences, kept until they are run.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use brelu_core::prf::PairKey;

use super::disk::Disk;
use super::ledger::{Held, Ledger};
use super::stream::{Incoming, Outgoing, Way};
use super::{Group, Item, Limits, Peer, Room, StateError, locked, members};

/// A bounded store of prepared inferences, by peer and inference number. Share it behind an `Arc`.
///
/// Several processes may open one directory: an item goes to one of them at most. Rooms count in the process that
/// claimed them, and what others put counts from the next look at that peer.
#[derive(Debug)]
pub struct Ready {
    limits: Limits,
    ledger: Arc<Mutex<Ledger>>,
    disk: Option<Arc<Disk>>,
}

impl Ready {
    /// A store that is forgotten with the process.
    pub fn memory(limits: Limits) -> Self {
        Self { limits, ledger: Arc::default(), disk: None }
    }

    /// A store in a directory, which is made for its owner only if it is not there. `key` seals what is stored; under
    /// another key all of it is damaged. What an interrupted process left half done is removed.
    ///
    /// # Errors
    /// If the directory cannot be made, read or cleared.
    pub fn disk(path: &Path, key: PairKey, limits: Limits) -> Result<Self, StateError> {
        let (disk, peers) = Disk::open(path, key)?;
        let mut ledger = Ledger::default();
        for (peer, listing) in peers {
            for (number, bytes) in listing {
                ledger.insert(&peer, number, Held { bytes, item: None });
            }
        }
        Ok(Self { limits, ledger: Arc::new(Mutex::new(ledger)), disk: Some(Arc::new(disk)) })
    }

    /// Claims room for an item of `bytes` bytes before it is received. The oldest items of the same peer make room as
    /// far as necessary, but not those in `keep`, the numbers that a live session holds. The oldest has the smallest
    /// number.
    ///
    /// # Errors
    /// [`StateError::Full`] if that does not give room; then nothing was removed. Or if the disk fails.
    pub fn reserve(&self, peer: &Peer, bytes: u64, keep: &BTreeSet<u64>) -> Result<Room, StateError> {
        let mut ledger = locked(&self.ledger);
        self.look(&mut ledger, peer)?;
        for number in ledger.evictions(peer, bytes, keep, &self.limits)? {
            // An eviction that a loss of power undoes brings back an item that nobody has used.
            self.disk.as_ref().map_or(Ok(false), |disk| disk.remove(peer, number))?;
            ledger.remove(peer, number);
        }
        Ok(Room::claim(&self.ledger, &mut ledger, peer, bytes))
    }

    /// Begins an item with parts of these lengths, of the peer that `room` is for.
    ///
    /// # Errors
    /// [`StateError::Exists`] if the number is there already, [`StateError::Larger`] if the item does not fit the room,
    /// [`StateError::OtherStore`] if it is another store's room, or if the disk fails.
    pub fn begin(&self, room: Room, number: u64, lengths: &[u64]) -> Result<Incoming, StateError> {
        let bytes = lengths.iter().fold(0, |sum: u64, length| sum.saturating_add(*length));
        room.check(&self.ledger, bytes)?;
        let way = match &self.disk {
            None => Way::Memory(Vec::with_capacity(lengths.len())),
            Some(disk) => {
                let _shared = disk.share()?;
                Way::Disk(disk.clone(), disk.draft(&room.peer, number, lengths)?)
            }
        };
        Ok(Incoming { ledger: self.ledger.clone(), room, number, bytes, way })
    }

    /// Stores an item of the peer that `room` is for. It is on disk when this returns.
    ///
    /// # Errors
    /// Those of [`Self::begin`] and [`Incoming::finish`]. Then nothing is left of the item, and the room is given back.
    pub fn put(&self, room: Room, number: u64, item: Item) -> Result<(), StateError> {
        let lengths: Vec<u64> = item.parts().iter().map(|part| part.len() as u64).collect();
        let mut incoming = self.begin(room, number, &lengths)?;
        item.into_parts().into_iter().try_for_each(|part| incoming.push(part))?;
        incoming.finish()
    }

    /// Takes an item out, `None` if it is not there or somebody else took it. It is gone from the disk before this
    /// returns.
    ///
    /// # Errors
    /// [`StateError::Damaged`] if it is not what was put under this number, and then it is deleted; or if the disk
    /// fails, and then it may be.
    pub fn take(&self, peer: &Peer, number: u64) -> Result<Option<Outgoing>, StateError> {
        let Some(disk) = &self.disk else {
            let held = locked(&self.ledger).remove(peer, number);
            return Ok(held.and_then(|held| held.item).map(Outgoing::memory));
        };
        let _shared = disk.share()?;
        let claimed = {
            let mut ledger = locked(&self.ledger);
            let claimed = disk.claim(peer, number)?;
            ledger.remove(peer, number);
            claimed
        };
        claimed.map(|claimed| disk.consume(peer, number, &claimed)).transpose()
    }

    /// The numbers that are there for a peer, the smallest first. If the directory cannot be read, those last seen.
    pub fn numbers(&self, peer: &Peer) -> Vec<u64> {
        let mut ledger = locked(&self.ledger);
        // What is there shows when it is taken; this is what the peer is told beforehand.
        drop(self.look(&mut ledger, peer));
        ledger.numbers(peer)
    }

    /// Removes an item, if it is there, for good.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn discard(&self, peer: &Peer, number: u64) -> Result<(), StateError> {
        let Some(disk) = &self.disk else {
            locked(&self.ledger).remove(peer, number);
            return Ok(());
        };
        let _shared = disk.share()?;
        let removed = {
            let mut ledger = locked(&self.ledger);
            ledger.remove(peer, number);
            disk.remove(peer, number)?
        };
        if removed { disk.sync(peer) } else { Ok(()) }
    }

    /// Removes all items of all peers of a group, for good, and returns how many there were.
    ///
    /// # Errors
    /// If the disk fails; some of them may be left then.
    pub fn discard_all(&self, group: &Group) -> Result<usize, StateError> {
        let mut peers = locked(&self.ledger).peers(group);
        if let Some(disk) = &self.disk {
            peers.extend(disk.peers()?.into_iter().filter(|peer| members(group).contains(peer)));
        }
        let mut count = 0;
        for peer in peers {
            self.look(&mut locked(&self.ledger), &peer)?;
            let numbers = locked(&self.ledger).numbers(&peer);
            count += numbers.len();
            numbers.into_iter().try_for_each(|number| self.discard(&peer, number))?;
        }
        Ok(count)
    }

    /// Bytes of all items.
    pub fn bytes(&self) -> u64 {
        locked(&self.ledger).bytes()
    }

    /// Takes in what other processes did with a peer's items.
    fn look(&self, ledger: &mut Ledger, peer: &Peer) -> Result<(), StateError> {
        if let Some(disk) = &self.disk {
            ledger.observe(peer, &disk.numbers(peer)?, |number| disk.bytes(peer, number));
        }
        Ok(())
    }
}
