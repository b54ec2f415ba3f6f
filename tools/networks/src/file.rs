//! Files that appear whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Writes a file anybody may read: complete under its name, or not there.
///
/// # Errors
/// If the folder cannot be written to. What had the name before is then still there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".brelu-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The whole file; nothing if there is none.
///
/// # Errors
/// If it cannot be read.
pub fn read_if_any(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// `mark`, the SHA-256 of `content`, and `content`.
pub fn seal(mark: &[u8], content: &[u8]) -> Vec<u8> {
    [mark, Sha256::digest(content).as_slice(), content].concat()
}

/// The content of what [`seal`] made with the same `mark`; nothing if it was altered or is something else.
pub fn unseal<'a>(mark: &[u8], sealed: &'a [u8]) -> Option<&'a [u8]> {
    let (digest, content) = sealed.strip_prefix(mark)?.split_first_chunk::<32>()?;
    (Sha256::digest(content).as_slice() == digest).then_some(content)
}
