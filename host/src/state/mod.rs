//! What outlives a session: which inference numbers are used up, what is prepared for later, and how many inferences every
//! client had.
//!
//! A one-time mask used twice gives its values away, so nothing here may go back: not by a kill at any moment, not by a
//! loss of power, not by several threads or processes at once, and not by a clock that jumps, since no clock is read: [`Usage`]
//! is told the day, and takes none that is over.
//!
//! - [`Epochs`] keeps the highest epoch used with every peer. An inference number is `epoch << 32 | index`, and every
//!   session takes a fresh epoch, on disk before anything of it is used.
//! - [`Generations`] keeps how many inferences of every peer have begun, which tells an old copy of a store from the one that
//!   the dealer knows.
//! - [`Ready`] keeps prepared inferences within [`Limits`], in memory or sealed on disk. What is taken is gone from the
//!   disk before the caller gets it.
//! - [`Usage`] counts inferences before they begin, and refuses those beyond a [`crate::quota::Quota`].
//!
//! A party alone cannot see that an old copy of its whole disk was put back in place: another one has to remember. Never
//! restore these files from a backup, delete them instead. All calls block on the disk for a moment; asynchronous callers
//! use a blocking task.

mod disk;
mod epochs;
mod error;
mod file;
mod generations;
mod item;
mod ledger;
mod log;
mod marks;
mod ready;
mod seal;
mod stream;
mod usage;

pub use epochs::Epochs;
pub use error::{Limit, StateError};
pub use generations::{GENERATION_LEAD, Generations};
pub use item::Item;
pub use ledger::{Limits, Room};
pub use ready::Ready;
pub use stream::{Incoming, Outgoing};
pub use usage::{Usage, Used};

use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

/// 32 bytes that name a peer: a public key, or a group and a hash.
pub type Peer = [u8; 32];

/// What the names of several peers begin with.
pub type Group = [u8; 16];

/// The group that is known by `of`: a digest.
pub(crate) fn group(of: &[&[u8]]) -> Group {
    let mut digest = Sha256::new();
    of.iter().for_each(|part| digest.update(part));
    let mut group = [0; 16];
    group.copy_from_slice(&digest.finalize()[..16]);
    group
}

/// The peer of `group` that is known there by `of`: both are digests of 16 bytes. Whoever made two of them meet, with some
/// 2^64 attempts, would have made two of its own peers share what only grows.
pub(crate) fn member(of_group: Group, of: &[&[u8]]) -> Peer {
    let mut peer = [0; 32];
    peer[..16].copy_from_slice(&of_group);
    peer[16..].copy_from_slice(&group(of));
    peer
}

/// All peers of a group, in order.
fn members(group: &Group) -> RangeInclusive<Peer> {
    let [mut first, mut last] = [[0; 32], [0xff; 32]];
    first[..16].copy_from_slice(group);
    last[..16].copy_from_slice(group);
    first..=last
}

/// What a mutex guards here is whole after every statement, so a thread that died holding it left nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
