//! Why state cannot be kept or found.

use std::fmt;
use std::io;
use std::path::PathBuf;

use brelu_core::channel::EPOCH_LEAD;

use crate::quota::UsedUp;

/// Why state cannot be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system refused.
    #[error("cannot {doing} {}: {error}; check its permissions and the free space of its disk", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// An epoch that is used up.
    #[error("epoch {epoch} of this peer is used up, the last one was {floor}: connect again for a fresh one")]
    Reused {
        /// The epoch asked for.
        epoch: u32,
        /// The highest one used.
        floor: u32,
    },
    /// No epochs are left.
    #[error("all epochs of this peer are used up: give it a new key")]
    Exhausted,
    /// An epoch that is much later than the last one.
    #[error(
        "epoch {epoch} came after epoch {floor}, later than lost sessions can explain: ask whoever runs the dealer, or take a \
         new key if records were lost here"
    )]
    Jump {
        /// The epoch that came.
        epoch: u32,
        /// The highest one used.
        floor: u32,
    },
    /// The dealer has lost sessions of a couple.
    #[error(
        "this dealer's record of this client and server is {missing} sessions behind theirs, more than it makes up for at \
         once: connect again, it moves on by {EPOCH_LEAD} at every attempt, or restore its records"
    )]
    Behind {
        /// By how many sessions.
        missing: u32,
    },
    /// A group has as many peers as it may have.
    #[error(
        "this dealer remembers at most {0} clients of one server and knows as many: it takes no new ones"
    )]
    Crowded(usize),
    /// A generation that is not later than the last one.
    #[error("generation {generation} came after generation {last}: the store it comes from is an old copy")]
    Older {
        /// The generation that came.
        generation: u64,
        /// The last one.
        last: u64,
    },
    /// A generation that is much later than the last one.
    #[error(
        "a record of this client is {missing} inferences behind that of the other party, more than it makes up for at once: \
         connect again, it moves on at every attempt"
    )]
    Leap {
        /// By how many inferences.
        missing: u64,
    },
    /// A log of epochs that cannot be trusted.
    #[error(
        "{} was cut or altered ({what}): delete it to start anew, which costs prepared inferences only, as new \
         sessions have fresh keys",
        path.display()
    )]
    DamagedLog {
        /// Which file.
        path: PathBuf,
        /// What was found.
        what: &'static str,
    },
    /// A count of inferences that cannot be trusted.
    #[error(
        "{} was cut or altered ({what}), and inferences may be missing in it: delete it to start anew, which gives every \
         client its whole quota again",
        path.display()
    )]
    DamagedCount {
        /// Which file.
        path: PathBuf,
        /// What was found.
        what: &'static str,
    },
    /// A client has had what it may have.
    #[error("a quota is used up, {0}")]
    UsedUp(#[from] UsedUp),
    /// A stored item that cannot be trusted. It is gone.
    #[error("{} was cut, altered or moved ({what}) and is deleted: prepare another inference", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was found.
        what: &'static str,
    },
    /// A file of another version.
    #[error("{} has format version {version}, which this build does not read: delete it to start anew", path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u16,
    },
    /// No room is left that could be made.
    #[error(
        "there is no room for {bytes} bytes, at most {limit} are kept: use what is prepared before preparing more"
    )]
    Full {
        /// Bytes asked for.
        bytes: u64,
        /// Which limit is in the way.
        limit: Limit,
    },
    /// An item larger than the room claimed for it.
    #[error("an item of {bytes} bytes does not fit the room of {room} bytes claimed for it: claim more room")]
    Larger {
        /// Size of the item in bytes.
        bytes: u64,
        /// Size of the room in bytes.
        room: u64,
    },
    /// A room of another store.
    #[error("the room for this item was claimed in another store: claim it where the item goes")]
    OtherStore,
    /// A number that is stored already.
    #[error("inference {0} is prepared already: prepare another number")]
    Exists(u64),
    /// The system has no randomness.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

/// Which limit of a store is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Items of one peer.
    Items(usize),
    /// Bytes of one peer.
    PeerBytes(u64),
    /// Bytes of all peers.
    Bytes(u64),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Items(items) => write!(f, "{items} prepared inferences of one client"),
            Limit::PeerBytes(bytes) => write!(f, "{bytes} bytes of one client"),
            Limit::Bytes(bytes) => write!(f, "{bytes} bytes of all clients"),
        }
    }
}
