//! What outlives a session: which inference numbers are used up, what is prepared for later, and how many inferences every
//! client had.
//!
//! A one-time mask used twice gives its values away, so nothing here may go back: not by a kill at any moment, not by a
//! loss of power, not by several threads or processes at once, and not by a clock that jumps, since no clock is read: [`Usage`]
//! is told the day, and takes none that is over.
//!
//! - [`Epochs`] keeps the highest epoch used with every peer. An inference number is `epoch << 32 | index`, and every
//!   session takes a fresh epoch, on disk before anything of it is used.
//! - [`Ready`] keeps prepared inferences within [`Limits`], in memory or sealed on disk. What is taken is gone from the
//!   disk before the caller gets it.
//! - [`Usage`] counts inferences before they begin, and refuses those beyond a [`crate::quota::Quota`].
//!
//! What none of them can see is an old copy of a whole disk put back in place: never restore these files from a backup,
//! delete them instead. All calls block on the disk for a moment; asynchronous callers use a blocking task.

mod disk;
mod epochs;
mod error;
mod file;
mod item;
mod ledger;
mod log;
mod ready;
mod seal;
mod stream;
mod usage;
mod value;

pub use epochs::Epochs;
pub use error::{Limit, StateError};
pub use item::Item;
pub use ledger::{Limits, Room};
pub use ready::Ready;
pub use stream::{Incoming, Outgoing};
pub use usage::{Usage, Used};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// 32 bytes that name a peer: a public key, or a hash of two.
pub type Peer = [u8; 32];

/// What a mutex guards here is whole after every statement, so a thread that died holding it left nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
