use core::fmt;

use super::{Operation, call};

const PATH_CAPACITY: usize = 256;
const READ_WRITE: usize = 3;
const CREATE_READ_WRITE: usize = 7;

/// The host refused something about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// The path has 256 bytes or more, or a zero.
    Path,
    /// The file cannot be opened or created.
    Open,
    /// The file cannot be read, written, or measured.
    Access,
}

impl fmt::Display for HostError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Path => "this path is too long, or has a zero",
            Self::Open => "the file cannot be opened",
            Self::Access => "the file cannot be read or written",
        })
    }
}

impl core::error::Error for HostError {}

/// An open file of the host.
pub struct HostFile {
    handle: usize,
}

impl HostFile {
    /// Opens a file to read and write, and creates it if there is none.
    pub fn open(path: &str) -> Result<Self, HostError> {
        let mut name = [0; PATH_CAPACITY];
        if path.len() >= PATH_CAPACITY || path.contains('\0') {
            return Err(HostError::Path);
        }
        name[..path.len()].copy_from_slice(path.as_bytes());
        let name = &name[..=path.len()];
        open(name, READ_WRITE).or_else(|| open(name, CREATE_READ_WRITE)).ok_or(HostError::Open)
    }

    /// Bytes in the file.
    pub fn length(&self) -> Result<usize, HostError> {
        // SAFETY: the block has the handle.
        let length = unsafe { call(Operation::FileLength, [self.handle]) };
        usize::try_from(length).map_err(|_| HostError::Access)
    }

    /// Reads all of `bytes` from a place in the file.
    pub fn read_at(&mut self, offset: usize, bytes: &mut [u8]) -> Result<(), HostError> {
        self.seek(offset)?;
        let block = [self.handle, bytes.as_mut_ptr().expose_provenance(), bytes.len()];
        // SAFETY: the block has the handle, and the address and the length of `bytes`.
        all_moved(unsafe { call(Operation::Read, block) })
    }

    /// Writes all of `bytes` to a place in the file, with one call of the host.
    pub fn write_at(&mut self, offset: usize, bytes: &[u8]) -> Result<(), HostError> {
        self.seek(offset)?;
        let block = [self.handle, bytes.as_ptr().expose_provenance(), bytes.len()];
        // SAFETY: the block has the handle, and the address and the length of `bytes`.
        all_moved(unsafe { call(Operation::Write, block) })
    }

    fn seek(&mut self, offset: usize) -> Result<(), HostError> {
        // SAFETY: the block has the handle and the offset.
        let answer = unsafe { call(Operation::Seek, [self.handle, offset]) };
        if answer == 0 { Ok(()) } else { Err(HostError::Access) }
    }
}

impl Drop for HostFile {
    fn drop(&mut self) {
        // SAFETY: the block has the handle, which nobody uses after this.
        unsafe { call(Operation::Close, [self.handle]) };
    }
}

/// `name` ends with a zero, which does not count into its length.
fn open(name: &[u8], mode: usize) -> Option<HostFile> {
    let block = [name.as_ptr().expose_provenance(), mode, name.len() - 1];
    // SAFETY: the block has the name's address, the mode, and the name's length.
    let handle = unsafe { call(Operation::Open, block) };
    usize::try_from(handle).ok().map(|handle| HostFile { handle })
}

/// The host answers with the number of bytes that it did *not* read or write.
fn all_moved(answer: isize) -> Result<(), HostError> {
    if answer == 0 { Ok(()) } else { Err(HostError::Access) }
}
