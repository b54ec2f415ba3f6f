//! The record of an evaluation on disk, one JSON object a line, so that an interrupted one can go on.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Record;

/// What the records of a log have in common: the first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// SHA-256 of the plan.
    pub plan: String,
    /// The data set.
    pub data: String,
    /// The float network compared with, if any.
    pub model: Option<String>,
    /// The block spec of that network, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// Whether the inferences were simulated.
    pub simulated: bool,
}

/// Why a log cannot be used.
#[derive(Debug, Error)]
pub enum LogError {
    /// The file system refuses.
    #[error("the log {} cannot be used: {error}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// It is of something else.
    #[error(
        "the log {} belongs to another plan, data set, model or kind of evaluation: give another file with --log, or \
         remove it",
        .0.display()
    )]
    Other(PathBuf),
}

/// A log that records are appended to.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    /// Opens or begins a log, and reads what it has. A last line that was cut off is dropped.
    ///
    /// # Errors
    /// If it cannot be read or written, or is the log of something else.
    pub fn open(path: &Path, origin: &Origin) -> Result<(Self, Vec<Record>), LogError> {
        let failed = |error| LogError::File { path: path.into(), error };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut lines = text[..whole].lines();
        let records = match lines.next() {
            Some(first) if serde_json::from_str(first).is_ok_and(|found: Origin| found == *origin) => lines
                .map(|line| serde_json::from_str(line).map_err(|_| LogError::Other(path.into())))
                .collect::<Result<_, _>>()?,
            None if text.is_empty() => Vec::new(),
            _ => return Err(LogError::Other(path.into())),
        };
        file.set_len(whole as u64).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        let mut log = Self { file, path: path.into() };
        if whole == 0 {
            log.line(origin)?;
        }
        Ok((log, records))
    }

    /// Appends a record.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, record: &Record) -> Result<(), LogError> {
        self.line(record)
    }

    fn line(&mut self, value: &impl Serialize) -> Result<(), LogError> {
        let line = serde_json::to_string(value).map(|line| line + "\n").map_err(std::io::Error::from);
        line.and_then(|line| self.file.write_all(line.as_bytes()))
            .map_err(|error| LogError::File { path: self.path.clone(), error })
    }
}
