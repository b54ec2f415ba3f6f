//! What an interrupted measurement has so far, on disk.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use thiserror::Error;

use super::Partial;

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

const DIGEST: usize = 32;

impl Checkpoint {
    /// Writes what is known, in the place of what was there.
    ///
    /// # Errors
    /// If the file cannot be written; the old one is whole then.
    pub fn write(path: &Path, origin: &str, partial: &Partial) -> Result<(), CheckpointError> {
        let checkpoint = Self { origin: origin.into(), partial: partial.clone() };
        let failed = |error| CheckpointError::File { path: path.into(), error };
        let bytes = postcard::to_stdvec(&checkpoint).map_err(|_| CheckpointError::Content(path.into()))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(&Sha256::digest(&bytes)).and_then(|()| file.write_all(&bytes)).map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Reads what was known; nothing if there is no such file.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or does not begin with the same `origin`.
    pub fn read(path: &Path, origin: &str) -> Result<Option<Partial>, CheckpointError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CheckpointError::File { path: path.into(), error }),
        };
        let damaged = || CheckpointError::Content(path.into());
        let (digest, content) = bytes.split_at_checked(DIGEST).ok_or_else(damaged)?;
        if Sha256::digest(content).as_slice() != digest {
            return Err(damaged());
        }
        let checkpoint: Self = postcard::from_bytes(content).map_err(|_| damaged())?;
        match checkpoint.origin == origin {
            true => Ok(Some(checkpoint.partial)),
            false => Err(CheckpointError::Other(path.into())),
        }
    }
}
