//! Tables of distortions on disk: Parquet, one row for each layer, channel and size, which any data tool reads.
//!
//! Columns are those of [`columns::SCHEMA`]; rows are in the order of the network, then of the channels, then of the
//! layer's candidates. The provenance is in the file's metadata as JSON. Equal tables make equal files.
//!
//! Files carry a [`seal`], a digest of all their bytes that is checked before any of them is followed: Parquet has no
//! checksum of its own in most files, and a flipped bit of a distortion would be just another number. Somebody may seal
//! nonsense on purpose, so counts and offsets are checked too before they are used, and the values are decoded here:
//! the `parquet` crate's own readers of values panic on pages that contradict themselves.

mod columns;
mod rows;
mod seal;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{Table, TableError};
use brelu_networks::file::write_whole;

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 33;

/// Why a table cannot be read or written.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("the distortion table {} cannot be read: {error}", path.display())]
    Read {
        /// Where.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The file cannot be written.
    #[error("the distortion table {} cannot be written: {error}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The file is no table that this program reads.
    #[error("{} is no usable distortion table: {problem}", path.display())]
    Content {
        /// Where.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The table has impossible values.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Reads and checks a table.
///
/// # Errors
/// If there is no such file; if it is damaged, or not of [`write_table`]; if rows or columns are missing or too many, or
/// values are impossible.
pub fn read_table(path: &Path) -> Result<Table, FileError> {
    let bytes = read(path).map_err(|error| FileError::Read { path: path.into(), error })?;
    parse(bytes).map_err(|problem| FileError::Content { path: path.into(), problem })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.len() > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 8 GiB"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A table of a file's bytes.
fn parse(bytes: Vec<u8>) -> Result<Table, String> {
    seal::check(&bytes)?;
    columns::parse(bytes)
}

/// Writes a table, whole or not at all.
///
/// # Errors
/// If the table is inconsistent, or the system refuses.
pub fn write_table(path: &Path, table: &Table) -> Result<(), FileError> {
    table.check()?;
    let bytes = serialise(table).map_err(|problem| FileError::Content { path: path.into(), problem })?;
    write_whole(path, &bytes).map_err(|error| FileError::Write { path: path.into(), error })
}

/// The bytes of a checked table's file.
fn serialise(table: &Table) -> Result<Vec<u8>, String> {
    rows::check(table)?;
    columns::serialise(&table.provenance, rows::of(table))
}

#[cfg(test)]
mod tests;
