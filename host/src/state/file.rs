//! Files that are private, locked, and on disk when the call returns.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::StateError;

/// Who else may hold a lock at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// Other shared holders.
    Shared,
    /// Nobody.
    Exclusive,
}

/// Waits for the lock file at `path`. It is made if missing and never replaced, so that all who lock it lock the same
/// file; it is opened for every lock, so that threads do not share one. The lock ends when the file returned is
/// dropped, at the latest with the process.
pub(super) fn lock(path: &Path, lock: Lock) -> Result<File, StateError> {
    let file = private().write(true).create(true).truncate(false).open(path);
    let file = file.map_err(failed("open", path))?;
    loop {
        let result = match lock {
            Lock::Shared => file.lock_shared(),
            Lock::Exclusive => file.lock(),
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map(|()| file).map_err(failed("lock", path)),
        }
    }
}

/// Options for files that only their owner may read, where the system knows owners.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a directory that only its owner may enter, if it is not there.
pub(super) fn private_dir(path: &Path) -> Result<(), StateError> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        result => result.map_err(failed("make the directory", path)),
    }
}

/// Waits until the names in a directory are on disk. Systems other than Unix offer no such call; their file systems
/// keep the order of renames and removals themselves.
pub(super) fn sync_dir(path: &Path) -> Result<(), StateError> {
    #[cfg(unix)]
    File::open(path).and_then(|dir| dir.sync_all()).map_err(failed("write to disk", path))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// The directory that `path` is in.
pub(super) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// `path` with `ending` after its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Says what failed with which path.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StateError {
    let path = path.to_owned();
    move |error| StateError::Io { doing, path, error }
}

/// Removes a file and says whether it was there.
pub(super) fn remove(path: &Path) -> Result<bool, StateError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("delete", path)(error)),
    }
}

/// Fresh random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N], StateError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| StateError::NoRandomness)?;
    Ok(bytes)
}
