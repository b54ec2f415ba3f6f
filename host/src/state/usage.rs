//! How many inferences every client had.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::log::{Log, Mark};
use super::marks::Marked;
use super::{Peer, StateError};
use crate::quota::{Day, Quota, UsedUp};

/// Inferences that a client had. Of two counts of one client the larger one is the later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    /// In all.
    pub total: u64,
    /// The day of the last one.
    pub day: Day,
    /// On that day.
    pub on_day: u64,
}

impl Used {
    /// Inferences on `day`, or on a later one: a clock that was set back gives nothing again.
    pub fn on(&self, day: Day) -> u64 {
        if day > self.day { 0 } else { self.on_day }
    }

    /// One more on `today`, if the quota has one left.
    ///
    /// # Errors
    /// [`UsedUp`] if it has not.
    pub fn and_one(&self, quota: &Quota, today: Day) -> Result<Self, UsedUp> {
        quota.check(self.total, self.on(today), today.max(self.day))?;
        let (total, on_day) = (self.total.saturating_add(1), self.on(today).saturating_add(1));
        Ok(Self { total, day: today.max(self.day), on_day })
    }
}

/// Little-endian: in all (u64), day (u32), on that day (u64).
impl Mark for Used {
    const MAGIC: &'static [u8; 8] = b"BRELUUSE";
    const LEN: usize = 8 + 4 + 8;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.total.to_le_bytes());
        out.extend(self.day.0.to_le_bytes());
        out.extend(self.on_day.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (total, rest) = bytes.split_first_chunk()?;
        let (day, on_day) = rest.split_first_chunk()?;
        Some(Self {
            total: u64::from_le_bytes(*total),
            day: Day(u32::from_le_bytes(*day)),
            on_day: u64::from_le_bytes(on_day.try_into().ok()?),
        })
    }

    fn raise(&mut self, other: Self) {
        *self = (*self).max(other);
    }

    fn damaged(path: PathBuf, what: &'static str) -> StateError {
        StateError::DamagedCount { path, what }
    }
}

/// How many inferences every client had. Share it behind an `Arc`; several processes may open one file.
#[derive(Debug)]
pub struct Usage(Marked<Used>);

impl Usage {
    /// Counts that are forgotten with the process.
    pub fn memory() -> Self {
        Self(Marked::memory())
    }

    /// Counts in the file at `path`, which is made, readable by its owner only, if there is none. Its directory must
    /// exist. A record cut short by a loss of power is dropped: its inference had not begun.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is damaged before its last record.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        Marked::open(path).map(Self)
    }

    /// What `peer` had so far.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn of(&self, peer: &Peer) -> Result<Used, StateError> {
        Ok(self.0.get(peer)?.unwrap_or_default())
    }

    /// What everybody had so far who had anything.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn all(&self) -> Result<BTreeMap<Peer, Used>, StateError> {
        self.0.all()
    }

    /// What everybody had so far who had anything, by the file at `path`, which is left as it is; nothing if there is none.
    /// Others may append meanwhile.
    ///
    /// # Errors
    /// If the file cannot be read, or is damaged before its last record.
    pub fn look(path: &Path) -> Result<BTreeMap<Peer, Used>, StateError> {
        Log::look(path)
    }

    /// Counts one more inference of `peer` on `today`, before anything of it is used. It is on disk when this returns: a
    /// crash may cost an inference, and never gives one.
    ///
    /// # Errors
    /// [`StateError::UsedUp`] if `quota` has none left; or if the file cannot be read or written, and then the inference
    /// must not begin.
    pub fn count(&self, peer: &Peer, quota: &Quota, today: Day) -> Result<Used, StateError> {
        self.0.advance(peer, |used| Ok(used.get(peer).copied().unwrap_or_default().and_one(quota, today)?))
    }
}
