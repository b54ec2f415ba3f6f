//! Memory-mapped registers of 32 bits.

use core::fmt;

/// A device did not do what it was told in time, or is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotResponding;

impl fmt::Display for NotResponding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the network chip does not respond")
    }
}

impl core::error::Error for NotResponding {}

/// A block of 256 bytes of registers; an offset cannot leave it.
#[derive(Clone, Copy)]
pub(crate) struct Registers(usize);

impl Registers {
    /// # Safety
    ///
    /// `base` is a multiple of four, and the 256 bytes from there belong to one device: no access there touches memory, not
    /// even later.
    pub(crate) const unsafe fn new(base: usize) -> Self {
        Self(base)
    }

    pub(crate) fn read(self, offset: u8) -> u32 {
        // SAFETY: `new` was promised a device's register block, and aligned words of it can be read.
        unsafe { self.word(offset).read_volatile() }
    }

    pub(crate) fn write(self, offset: u8, value: u32) {
        // SAFETY: `new` was promised a device's register block, and aligned words of it can be written.
        unsafe { self.word(offset).write_volatile(value) }
    }

    /// Reads a register that gives a FIFO's next word so many times.
    pub(crate) fn skip(self, offset: u8, words: usize) {
        for _ in 0..words {
            self.read(offset);
        }
    }

    fn word(self, offset: u8) -> *mut u32 {
        core::ptr::with_exposed_provenance_mut(self.0 + usize::from(offset & !3))
    }
}
