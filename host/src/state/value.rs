//! What a [`super::log::Log`] keeps of every peer.

use std::path::PathBuf;

use super::StateError;

/// What a log keeps of a peer. It only rises: of two values the larger one is the later one.
pub(super) trait Value: Copy + Default + Ord {
    /// The first bytes of a log of such values.
    const MAGIC: &'static [u8; 8];
    /// Bytes of a value.
    const LEN: usize;

    /// [`Self::LEN`] bytes.
    fn to_bytes(self) -> impl AsRef<[u8]>;

    /// The value of [`Self::to_bytes`]; `None` for other lengths.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;

    /// What is to be said of a log that cannot be trusted.
    fn damaged(path: PathBuf, what: &'static str) -> StateError;
}

/// An epoch.
impl Value for u32 {
    const MAGIC: &'static [u8; 8] = b"BRELUEPO";
    const LEN: usize = 4;

    fn to_bytes(self) -> impl AsRef<[u8]> {
        self.to_le_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_le_bytes)
    }

    fn damaged(path: PathBuf, what: &'static str) -> StateError {
        StateError::DamagedLog { path, what }
    }
}
