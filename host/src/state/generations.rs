//! How many inferences of every peer have begun: the generation of what is prepared for it.
//!
//! A server that is put back to an old state would open masks of prepared inferences a second time to a client that has kept
//! its key. So the dealer counts with it. The server keeps, for every client, the last generation that the dealer has
//! acknowledged; for an inference it
//!
//! 1. takes what is prepared out of its store, for good,
//! 2. tells the dealer the next generation, `g + 1`,
//! 3. waits until the dealer has recorded it, which it does only if it remembers none as late,
//! 4. records it, and
//! 5. opens what depends on what was prepared.
//!
//! **Why nothing is opened twice.** The dealer remembers `h >= g` in every state of the store, since `g` was acknowledged, and
//! accepts `g + 1` only if `h <= g`; so `h = g`. An inference opened after that state was copied has an acknowledged
//! generation beyond `g`, and `h` with it, so an old copy is refused; and in a copy in which that generation is recorded, the
//! inference is not there any more. It does not matter at which of the five steps the copy was made, if it shows one moment
//! of the whole folder. The server counts only what was acknowledged: if it went on counting without, it would pass `h` in
//! an old copy after a few attempts whose connection to the dealer was cut.
//!
//! What is refused without need: if the server or the connection ends between 3 and 4, the store looks old, and what is
//! prepared for that client is discarded. If two processes share a store, the same may happen when both begin an inference of
//! one client at once.
//!
//! A dealer that was put back itself is behind, `h < g`, and goes on from `g + 1`. If both are put back, nobody remembers.

use std::path::Path;

use super::log::Mark;
use super::marks::Marked;
use super::{Peer, StateError};

/// How far a generation may be beyond the last one that is known. Whoever is told of a later one refuses it and moves on by as
/// much: of 2^64 generations, a lie costs a couple 2^32, and whoever has lost its records is further behind only after 2^32
/// inferences of one client.
pub const GENERATION_LEAD: u64 = 1 << 32;

/// The last generation known of every peer. Share it behind an `Arc`; several processes may open one file.
#[derive(Debug)]
pub struct Generations(Marked<Generation>);

#[derive(Clone, Copy, Debug)]
struct Generation(u64);

impl Mark for Generation {
    const MAGIC: &'static [u8; 8] = b"BRELUGEN";
    const LEN: usize = 8;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.0.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u64::from_le_bytes).map(Self)
    }

    fn raise(&mut self, other: Self) {
        self.0 = self.0.max(other.0);
    }
}

impl Generations {
    /// Generations that are forgotten with the process.
    pub fn memory() -> Self {
        Self(Marked::memory())
    }

    /// Generations in the file at `path`, which is made, readable by its owner only, if there is none. Its directory must
    /// exist.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is damaged before its last record.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        Marked::open(path).map(Self)
    }

    /// The last generation known of `peer`, 0 if none.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn last(&self, peer: &Peer) -> Result<u64, StateError> {
        Ok(self.0.get(peer)?.map_or(0, |generation| generation.0))
    }

    /// Records `generation` if it is later than the last one known. It is on disk when this returns.
    ///
    /// # Errors
    /// [`StateError::Older`] if it is not, [`StateError::Leap`] if it is more than [`GENERATION_LEAD`] beyond it, and then so
    /// many are recorded; or if the file cannot be read or written.
    pub fn raise(&self, peer: &Peer, generation: u64) -> Result<(), StateError> {
        let mut leap = None;
        self.0.advance(peer, |known| {
            let last = known.get(peer).map_or(0, |last| last.0);
            if generation <= last {
                return Err(StateError::Older { generation, last });
            }
            if generation - last > GENERATION_LEAD {
                leap = Some(StateError::Leap { missing: generation - last });
                return Ok(Generation(last + GENERATION_LEAD));
            }
            Ok(Generation(generation))
        })?;
        leap.map_or(Ok(()), Err)
    }
}
