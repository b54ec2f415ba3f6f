//! An interrupted training on disk: a format line, a SHA-256, then postcard.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Options, Snapshot};
use brelu_networks::file::{read_if_any, seal, unseal, write_whole};

/// The first bytes of a file; the number changes with the format.
const FORMAT: &[u8] = b"brelu-training-2\n";

/// What goes on where it was.
#[derive(Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// What is trained, on what and how, except the number of steps: only the same training may go on.
    pub origin: String,
    /// The constants, with the number of steps that was found at the start.
    pub options: Options,
    /// The state.
    pub snapshot: Snapshot,
}

/// Why a checkpoint cannot be used.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The file system refuses.
    #[error("the interrupted training {} cannot be read or written: {error}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// It is damaged.
    #[error(
        "{} is no interrupted training of this version, or damaged: remove it, or give --restart, to begin again",
        .0.display()
    )]
    Content(PathBuf),
    /// It is of something else.
    #[error(
        "{} is an interrupted training of another network, other images or other options: give those again to go on, \
         --restart to begin again, or another --out",
        .0.display()
    )]
    Other(PathBuf),
}

impl Checkpoint {
    /// Writes it in the place of what was there.
    ///
    /// # Errors
    /// If the file cannot be written; the old one is whole then.
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        let failed = |error| CheckpointError::File { path: path.into(), error };
        let bytes = postcard::to_stdvec(self).map_err(|_| CheckpointError::Content(path.into()))?;
        write_whole(path, &seal(FORMAT, &bytes)).map_err(failed)
    }

    /// Reads it; nothing if there is no such file.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or does not begin with the same `origin`.
    pub fn read(path: &Path, origin: &str) -> Result<Option<Self>, CheckpointError> {
        let failed = |error| CheckpointError::File { path: path.into(), error };
        let Some(bytes) = read_if_any(path).map_err(failed)? else { return Ok(None) };
        let content = unseal(FORMAT, &bytes).and_then(|content| postcard::from_bytes(content).ok());
        let checkpoint: Self = content.ok_or_else(|| CheckpointError::Content(path.into()))?;
        match checkpoint.origin == origin {
            true => Ok(Some(checkpoint)),
            false => Err(CheckpointError::Other(path.into())),
        }
    }
}
