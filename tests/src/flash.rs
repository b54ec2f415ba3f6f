//! NOR flash in memory, with a power supply that can fail at any moment.

use std::ops::Range;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// Bytes that are written at once.
pub const WORD: usize = 4;

/// Bytes that are erased together.
pub const PAGE: usize = 1024;

/// Bytes that an erasure in order gets done in one step.
const PORTION: usize = 32;

/// What an erasure leaves behind when the power goes off in the middle of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Erasure {
    /// The page is erased up to some byte.
    #[default]
    InOrder,
    /// Any bits of the page are erased.
    Anywhere,
}

/// The flash, of which `W` bytes are written at once. A device's life borrows it; what is left of one life is where the next
/// one starts.
#[derive(Clone)]
pub struct Flash<const W: usize = WORD> {
    cells: Vec<u8>,
    erasures: Vec<u32>,
    erasure: Erasure,
    /// Steps until the power goes off, and which bits the last one still gets done.
    cut: Option<(u64, u32)>,
    off: bool,
    steps: u64,
}

impl<const W: usize> std::fmt::Debug for Flash<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Flash({} pages, {} steps)", self.erasures.len(), self.steps)
    }
}

/// Why the flash does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashError {
    /// There is no power.
    Off,
    /// It was used wrongly.
    Misuse(NorFlashErrorKind),
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            FlashError::Off => NorFlashErrorKind::Other,
            FlashError::Misuse(kind) => *kind,
        }
    }
}

impl Flash {
    /// An erased flash of so many pages, written in words of four bytes.
    pub fn new(pages: usize) -> Self {
        Self::of(pages)
    }
}

impl<const W: usize> Flash<W> {
    /// An erased flash of so many pages.
    pub fn of(pages: usize) -> Self {
        let (cells, erasures) = (vec![0xff; pages * PAGE], vec![0; pages]);
        Self { cells, erasures, erasure: Erasure::default(), cut: None, off: false, steps: 0 }
    }

    /// Makes cut erasures leave something else.
    pub fn with_erasure(mut self, erasure: Erasure) -> Self {
        self.erasure = erasure;
        self
    }

    /// Its bytes, from the first page's first to the last one's last.
    pub fn end(&self) -> u32 {
        self.cells.len() as u32
    }

    /// Has the power go off in the middle of the step after `steps` more. Steps are words that are written and portions of
    /// pages that are erased; `torn` chooses what of the last one is done.
    pub fn cut_after(&mut self, steps: u64, torn: u32) {
        self.cut = Some((steps, torn));
    }

    /// Switches the power on, for good.
    pub fn power_on(&mut self) {
        (self.cut, self.off) = (None, false);
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.off
    }

    /// Steps done so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How often each page was erased.
    pub fn erasures(&self) -> &[u32] {
        &self.erasures
    }

    /// One step: `None` if it is done whole, or what chooses the part of it that is.
    fn step(&mut self) -> Option<u32> {
        match &mut self.cut {
            Some((0, torn)) => {
                self.off = true;
                return Some(*torn);
            }
            Some((steps, _)) => *steps -= 1,
            None => {}
        }
        self.steps += 1;
        None
    }

    /// Cells to work with: whole units within the flash, and there is power.
    fn range(&self, from: u32, length: usize, unit: usize) -> Result<Range<usize>, FlashError> {
        let range = from as usize..from as usize + length;
        if self.off {
            Err(FlashError::Off)
        } else if range.end > self.cells.len() {
            Err(FlashError::Misuse(NorFlashErrorKind::OutOfBounds))
        } else if range.start.is_multiple_of(unit) && length.is_multiple_of(unit) {
            Ok(range)
        } else {
            Err(FlashError::Misuse(NorFlashErrorKind::NotAligned))
        }
    }

    fn erase_page(&mut self, page: usize) -> Result<(), FlashError> {
        self.erasures[page] += 1;
        for first in (page * PAGE..(page + 1) * PAGE).step_by(PORTION) {
            let Some(torn) = self.step() else {
                if self.erasure == Erasure::InOrder {
                    self.cells[first..first + PORTION].fill(0xff);
                }
                continue;
            };
            match self.erasure {
                Erasure::InOrder => self.cells[first..first + torn as usize % PORTION].fill(0xff),
                Erasure::Anywhere => self.wither(page, torn),
            }
            return Err(FlashError::Off);
        }
        self.cells[page * PAGE..(page + 1) * PAGE].fill(0xff);
        Ok(())
    }

    /// Sets bits of a page that only `seed` knows.
    fn wither(&mut self, page: usize, seed: u32) {
        let mut state = u64::from(seed) | 1 << 40;
        for cell in &mut self.cells[page * PAGE..(page + 1) * PAGE] {
            // xorshift64
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *cell |= (state >> 24) as u8;
        }
    }
}

impl<const W: usize> ErrorType for Flash<W> {
    type Error = FlashError;
}

impl<const W: usize> ReadNorFlash for Flash<W> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let range = self.range(offset, bytes.len(), 1)?;
        bytes.copy_from_slice(&self.cells[range]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.cells.len()
    }
}

impl<const W: usize> NorFlash for Flash<W> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let range = self.range(from, to.saturating_sub(from) as usize, PAGE)?;
        (range.start / PAGE..range.end / PAGE).try_for_each(|page| self.erase_page(page))
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let range = self.range(offset, bytes.len(), W)?;
        for (at, word) in range.step_by(W).zip(bytes.chunks_exact(W)) {
            if W > WORD && self.cells[at..at + W].iter().any(|cell| *cell != 0xff) {
                // Long words have a checksum of the chip's own: written again, they cannot be read.
                return Err(FlashError::Misuse(NorFlashErrorKind::Other));
            }
            let torn = self.step();
            let done = torn.unwrap_or(u32::MAX).to_le_bytes().into_iter().cycle();
            let cells = &mut self.cells[at..at + W];
            cells.iter_mut().zip(word).zip(done).for_each(|((cell, byte), done)| *cell &= byte | !done);
            if torn.is_some() {
                return Err(FlashError::Off);
            }
        }
        Ok(())
    }
}

/// What work comes to that never has to wait, such as work with this flash alone.
///
/// # Panics
/// If it waits.
pub fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("work that was not to wait waits"),
    }
}
