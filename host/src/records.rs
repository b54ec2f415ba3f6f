//! The folder in which a party keeps what has to survive a restart.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::path::{Path, PathBuf};

use brelu_core::channel::Identity;

use crate::state::{Epochs, Generations, Limits, Peer, Ready, StateError, Usage, Used};

/// A folder of records: `epochs`, `generations`, `usage`, `ready/` and `models/`, each made when it is first asked for.
#[derive(Clone, Debug)]
pub struct Records {
    folder: PathBuf,
}

impl Records {
    /// Where the records of the owner of a private key are by default: beside the key, with the ending `.state`.
    pub fn beside(key: &Path) -> PathBuf {
        key.with_extension("state")
    }

    /// Opens a folder, which is made (for its owner only) if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let failed = |error| StateError::Io { doing: "make the folder", path: folder.to_owned(), error };
        builder.create(folder).map_err(failed)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The epochs that were used.
    ///
    /// # Errors
    /// If they cannot be read, or are damaged.
    pub fn epochs(&self) -> Result<Epochs, StateError> {
        Epochs::open(&self.folder.join("epochs"))
    }

    /// The generations of what a server prepared.
    ///
    /// # Errors
    /// As [`Self::epochs`].
    pub fn generations(&self) -> Result<Generations, StateError> {
        Generations::open(&self.folder.join("generations"))
    }

    /// How many inferences everybody had.
    ///
    /// # Errors
    /// As [`Self::epochs`].
    pub fn usage(&self) -> Result<Usage, StateError> {
        Usage::open(&self.folder.join(USAGE))
    }

    /// Prepared inferences on disk, encrypted under a key of `identity`'s.
    ///
    /// # Errors
    /// As [`Self::epochs`].
    pub fn ready(&self, identity: &Identity, limits: Limits) -> Result<Ready, StateError> {
        Ready::disk(&self.folder.join("ready"), identity.derive("brelu store", &[]), limits)
    }

    /// The folder of a dealer's shares of models.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn models(&self) -> Result<PathBuf, StateError> {
        Ok(Self::open(&self.folder.join("models"))?.folder)
    }
}

/// Where a folder of records has the counts of inferences.
const USAGE: &str = "usage";

/// What everybody had, by the records in `folder`, to be looked at beside the server that writes them; nothing if there are no
/// counts yet.
///
/// # Errors
/// If they cannot be read, or are damaged.
pub fn used(folder: &Path) -> Result<BTreeMap<Peer, Used>, StateError> {
    Usage::look(&folder.join(USAGE))
}
