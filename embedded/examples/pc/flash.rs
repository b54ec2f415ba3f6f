//! NOR flash in a file: erased bytes are ones, and a write can only clear bits.

use std::fs::{File, OpenOptions};
use std::io::{Error, Read, Seek, SeekFrom, Write};
use std::path::Path;

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// Bytes of a page.
pub(crate) const PAGE: usize = 1024;

/// Pages.
pub(crate) const PAGES: u32 = 4;

/// The flash.
#[derive(Debug)]
pub(crate) struct FileFlash(File);

/// The file failed.
#[derive(Debug)]
pub(crate) struct FileError;

impl NorFlashError for FileError {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl From<Error> for FileError {
    fn from(_: Error) -> Self {
        Self
    }
}

impl FileFlash {
    /// Opens a file, or makes an erased one.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let missing = (PAGES as usize * PAGE).saturating_sub(file.seek(SeekFrom::End(0))? as usize);
        file.write_all(&vec![0xff; missing])?;
        Ok(Self(file))
    }

    fn at(&mut self, offset: u32) -> Result<&mut File, Error> {
        self.0.seek(SeekFrom::Start(offset.into()))?;
        Ok(&mut self.0)
    }
}

impl ErrorType for FileFlash {
    type Error = FileError;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FileError> {
        Ok(self.at(offset)?.read_exact(bytes)?)
    }

    fn capacity(&self) -> usize {
        PAGES as usize * PAGE
    }
}

impl NorFlash for FileFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FileError> {
        Ok(self.at(from)?.write_all(&vec![0xff; (to - from) as usize])?)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FileError> {
        let mut cells = vec![0; bytes.len()];
        self.read(offset, &mut cells).await?;
        cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        self.at(offset)?.write_all(&cells)?;
        Ok(self.0.sync_data()?)
    }
}
