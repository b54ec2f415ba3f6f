//! Who may connect.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use brelu_core::channel::PublicKey;

use super::file::{KeyFileError, parse_line};

/// Who may connect to a party.
#[derive(Clone, Debug)]
pub enum Access {
    /// Those on a list in a file, one public key and name a line; `#` begins a comment. The file is read anew for every
    /// connection, so that a key that is taken off it is out at once.
    File(PathBuf),
    /// Those with these keys.
    Keys(BTreeMap<PublicKey, String>),
    /// Whoever has a key.
    Anybody,
}

impl Access {
    /// A list in a file, which has to be readable now.
    ///
    /// # Errors
    /// If it cannot be read or has a line without a key.
    pub fn file(path: &Path) -> Result<Self, KeyFileError> {
        read_list(path)?;
        Ok(Self::File(path.into()))
    }

    /// The name of `key` on the list, if it may connect.
    ///
    /// # Errors
    /// If the list cannot be read any more: nobody may connect then.
    pub fn name(&self, key: &PublicKey) -> Result<Option<String>, KeyFileError> {
        Ok(match self {
            Access::File(path) => read_list(path)?.remove(key),
            Access::Keys(keys) => keys.get(key).cloned(),
            Access::Anybody => Some(String::new()),
        })
    }
}

fn read_list(path: &Path) -> Result<BTreeMap<PublicKey, String>, KeyFileError> {
    let text = fs::read_to_string(path).map_err(|error| KeyFileError::Io { path: path.into(), error })?;
    let mut keys = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some(parsed) = parse_line(line) else { continue };
        let place = || format!("{} line {number}", path.display());
        let (key, name) = parsed.map_err(|error| KeyFileError::NotPublic { place: place(), error })?;
        keys.insert(key, name.to_owned());
    }
    Ok(keys)
}
