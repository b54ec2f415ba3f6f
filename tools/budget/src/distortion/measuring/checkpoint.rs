//! What an interrupted measurement has so far, on disk.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Partial;
use brelu_networks::file::{read_if_any, seal, unseal, write_whole};

/// The file of an interrupted measurement: a digest, then this in postcard.
#[derive(Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// What is measured and how: only the same measurement may go on.
    origin: String,
    partial: Partial,
}

/// Why a checkpoint cannot be used.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The file system refuses.
    #[error("the interrupted measurement {} cannot be used: {error}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// It is damaged.
    #[error("{} is no interrupted measurement of this version, or damaged: remove it to begin again", .0.display())]
    Content(PathBuf),
    /// It is of something else.
    #[error(
        "{} is an interrupted measurement of another network, data set or other options: remove it, or give another \
         --out",
        .0.display()
    )]
    Other(PathBuf),
}

impl Checkpoint {
    /// Writes what is known, in the place of what was there.
    ///
    /// # Errors
    /// If the file cannot be written; the old one is whole then.
    pub fn write(path: &Path, origin: &str, partial: &Partial) -> Result<(), CheckpointError> {
        let checkpoint = Self { origin: origin.into(), partial: partial.clone() };
        let failed = |error| CheckpointError::File { path: path.into(), error };
        let bytes = postcard::to_stdvec(&checkpoint).map_err(|_| CheckpointError::Content(path.into()))?;
        write_whole(path, &seal(&[], &bytes)).map_err(failed)
    }

    /// Reads what was known; nothing if there is no such file.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or does not begin with the same `origin`.
    pub fn read(path: &Path, origin: &str) -> Result<Option<Partial>, CheckpointError> {
        let failed = |error| CheckpointError::File { path: path.into(), error };
        let Some(bytes) = read_if_any(path).map_err(failed)? else { return Ok(None) };
        let content = unseal(&[], &bytes).and_then(|content| postcard::from_bytes(content).ok());
        let checkpoint: Self = content.ok_or_else(|| CheckpointError::Content(path.into()))?;
        match checkpoint.origin == origin {
            true => Ok(Some(checkpoint.partial)),
            false => Err(CheckpointError::Other(path.into())),
        }
    }
}
