//! Items that come and go part by part, so that a store on disk never holds more than one part in memory.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use zeroize::Zeroizing;

use super::disk::{Disk, Draft, explain};
use super::ledger::{Held, Ledger};
use super::seal::Opener;
use super::{Item, Room, StateError, locked};

/// An item on its way into a store. It is forgotten on drop unless it was finished.
pub struct Incoming {
    pub(super) ledger: Arc<Mutex<Ledger>>,
    pub(super) room: Room,
    pub(super) number: u64,
    pub(super) bytes: u64,
    pub(super) way: Way,
}

/// Where an item goes.
pub(super) enum Way {
    Memory(Vec<Zeroizing<Vec<u8>>>),
    Disk(Arc<Disk>, Draft),
}

impl Incoming {
    /// Adds the next part.
    ///
    /// # Errors
    /// If the disk fails, or the part is not as long as was said at the beginning.
    pub fn push(&mut self, part: Zeroizing<Vec<u8>>) -> Result<(), StateError> {
        match &mut self.way {
            Way::Memory(parts) => parts.push(part),
            Way::Disk(_, draft) => draft.push(&part)?,
        }
        Ok(())
    }

    /// Gives the item its place in the store. It is on disk when this returns.
    ///
    /// # Errors
    /// [`StateError::Exists`] if the number is there already, [`StateError::Larger`] if the item is larger than was said,
    /// or if the disk fails. Then nothing is left of the item, and the room is given back.
    pub fn finish(mut self) -> Result<(), StateError> {
        match self.way {
            Way::Memory(parts) => {
                let item = Item::new(parts);
                self.room.check(&self.ledger, item.bytes())?;
                let mut ledger = locked(&self.ledger);
                if ledger.contains(&self.room.peer, self.number) {
                    return Err(StateError::Exists(self.number));
                }
                self.room.fill(&mut ledger, self.number, Held { bytes: item.bytes(), item: Some(item) });
                Ok(())
            }
            Way::Disk(disk, draft) => {
                let (peer, number) = (self.room.peer, self.number);
                let draft = draft.seal()?;
                let _shared = disk.share()?;
                {
                    let mut ledger = locked(&self.ledger);
                    draft.publish()?;
                    self.room.fill(&mut ledger, number, Held { bytes: self.bytes, item: None });
                }
                disk.sync(&peer).inspect_err(|_| {
                    locked(&self.ledger).remove(&peer, number);
                    // The disk fails already, and the caller is told so.
                    drop(disk.remove(&peer, number));
                })
            }
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incoming(item {} of {} bytes, redacted)", self.number, self.bytes)
    }
}

/// An item that was taken out of a store: it is gone there, and its parts come one after the other.
pub struct Outgoing(Source);

enum Source {
    Memory(std::vec::IntoIter<Zeroizing<Vec<u8>>>),
    /// The file has no name any more; errors are told with the one it had.
    Disk(Box<Opener>, PathBuf),
}

impl Outgoing {
    pub(super) fn memory(item: Item) -> Self {
        Self(Source::Memory(item.into_parts().into_iter()))
    }

    pub(super) fn disk(opener: Opener, name: PathBuf) -> Self {
        Self(Source::Disk(Box::new(opener), name))
    }

    /// Lengths of the parts that are left.
    pub fn lengths(&self) -> Vec<usize> {
        match &self.0 {
            Source::Memory(parts) => parts.as_slice().iter().map(|part| part.len()).collect(),
            Source::Disk(opener, _) => opener.lengths().to_vec(),
        }
    }

    /// The next part, `None` after the last one.
    ///
    /// # Errors
    /// [`StateError::Damaged`] if it is not what was put, or if the disk fails.
    pub fn part(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, StateError> {
        match &mut self.0 {
            Source::Memory(parts) => Ok(parts.next()),
            Source::Disk(opener, name) => opener.part().map_err(|error| explain(error, name)),
        }
    }

    /// All parts that are left.
    ///
    /// # Errors
    /// Those of [`Self::part`].
    pub fn all(mut self) -> Result<Item, StateError> {
        let mut parts = Vec::new();
        while let Some(part) = self.part()? {
            parts.push(part);
        }
        Ok(Item::new(parts))
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outgoing(redacted)")
    }
}
