//! An interrupted training on disk: a format line, a SHA-256, then postcard.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{Options, Snapshot};
use brelu_networks::file::write_whole;

/// The first bytes of a file; the number changes with the format.
const FORMAT: &[u8] = b"brelu-training-2\n";

/// Bytes of the digest.
const DIGEST: usize = 32;

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
        write_whole(path, &[FORMAT, Sha256::digest(&bytes).as_slice(), &bytes].concat()).map_err(failed)
    }

    /// Reads it; nothing if there is no such file.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or does not begin with the same `origin`.
    pub fn read(path: &Path, origin: &str) -> Result<Option<Self>, CheckpointError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CheckpointError::File { path: path.into(), error }),
        };
        let damaged = || CheckpointError::Content(path.into());
        let sealed = bytes.strip_prefix(FORMAT).ok_or_else(damaged)?;
        let (digest, content) = sealed.split_at_checked(DIGEST).ok_or_else(damaged)?;
        if Sha256::digest(content).as_slice() != digest {
            return Err(damaged());
        }
        let checkpoint: Self = postcard::from_bytes(content).map_err(|_| damaged())?;
        match checkpoint.origin == origin {
            true => Ok(Some(checkpoint)),
            false => Err(CheckpointError::Other(path.into())),
        }
    }
}
