//! A NOR flash that outlives the emulator: [`FlashFile`].

use core::fmt;

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use crate::semihosting::{HostError, HostFile};

/// Bytes that are written at once.
pub const WORD: usize = 4;
/// Bytes that are erased at once.
pub const PAGE: usize = 1024;

const ERASED: [u8; 64] = [0xFF; 64];

/// Why the flash was not read, written, or erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashError {
    /// Not a multiple of the word or the page.
    NotAligned,
    /// Beyond the end.
    OutOfBounds,
    /// The file has more bytes than the flash.
    FileTooLong,
    /// The host cannot do it.
    Host(HostError),
}

impl fmt::Display for FlashError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAligned => formatter.write_str("not a whole number of words or pages"),
            Self::OutOfBounds => formatter.write_str("beyond the end of the flash"),
            Self::FileTooLong => formatter.write_str("the file is longer than the flash"),
            Self::Host(error) => error.fmt(formatter),
        }
    }
}

impl core::error::Error for FlashError {}

impl From<HostError> for FlashError {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NotAligned => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::FileTooLong | Self::Host(_) => NorFlashErrorKind::Other,
        }
    }
}

/// A file of the host that behaves like NOR flash of so many pages: erasing sets bits, writing only clears them.
///
/// Each word is a write of its own to the file, so that an emulator that is killed leaves what a loss of power would leave.
/// A product has the driver of its chip instead; everything above only needs [`NorFlash`].
pub struct FlashFile<const PAGES: usize = 4> {
    file: HostFile,
}

impl<const PAGES: usize> FlashFile<PAGES> {
    const CAPACITY: usize = PAGES * PAGE;

    /// Opens a flash; what the file lacks, all of it when it is new, is erased.
    pub fn open(path: &str) -> Result<Self, FlashError> {
        let file = HostFile::open(path)?;
        let length = file.length()?;
        if length > Self::CAPACITY {
            return Err(FlashError::FileTooLong);
        }
        let mut flash = Self { file };
        flash.fill(length, Self::CAPACITY)?;
        Ok(flash)
    }

    fn fill(&mut self, from: usize, to: usize) -> Result<(), FlashError> {
        for offset in (from..to).step_by(ERASED.len()) {
            let length = ERASED.len().min(to - offset);
            self.file.write_at(offset, &ERASED[..length])?;
        }
        Ok(())
    }

    fn clear_bits(&mut self, offset: usize, word: &[u8]) -> Result<(), FlashError> {
        let mut stored = [0; WORD];
        self.file.read_at(offset, &mut stored)?;
        stored.iter_mut().zip(word).for_each(|(stored, byte)| *stored &= byte);
        Ok(self.file.write_at(offset, &stored)?)
    }
}

/// `from..from + length` as indices, if that is `unit`s within `capacity`.
fn checked(from: u32, length: usize, unit: usize, capacity: usize) -> Result<(usize, usize), FlashError> {
    let from = usize::try_from(from).map_err(|_| FlashError::OutOfBounds)?;
    let to = from.checked_add(length).filter(|&to| to <= capacity).ok_or(FlashError::OutOfBounds)?;
    let aligned = from.is_multiple_of(unit) && length.is_multiple_of(unit);
    if aligned { Ok((from, to)) } else { Err(FlashError::NotAligned) }
}

impl<const PAGES: usize> ErrorType for FlashFile<PAGES> {
    type Error = FlashError;
}

impl<const PAGES: usize> ReadNorFlash for FlashFile<PAGES> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let (from, _) = checked(offset, bytes.len(), Self::READ_SIZE, Self::CAPACITY)?;
        Ok(self.file.read_at(from, bytes)?)
    }

    fn capacity(&self) -> usize {
        Self::CAPACITY
    }
}

impl<const PAGES: usize> NorFlash for FlashFile<PAGES> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let length = to.checked_sub(from).ok_or(FlashError::OutOfBounds)?;
        let (from, to) = checked(from, length as usize, Self::ERASE_SIZE, Self::CAPACITY)?;
        self.fill(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let (from, to) = checked(offset, bytes.len(), Self::WRITE_SIZE, Self::CAPACITY)?;
        (from..to).step_by(WORD).zip(bytes.chunks(WORD)).try_for_each(|(at, word)| self.clear_bits(at, word))
    }
}
