//! The Ethernet controller of Stellaris LM3S chips.

use crate::ethernet::{CHECKSUM, Chip, Event, Frame, LENGTHS};
use crate::registers::{NotResponding, Registers};

const INTERRUPT_STATUS: u8 = 0x00;
const INTERRUPT_MASK: u8 = 0x04;
const RECEIVE_CONTROL: u8 = 0x08;
const TRANSMIT_CONTROL: u8 = 0x0C;
const DATA: u8 = 0x10;
const ADDRESS_LOW: u8 = 0x14;
const ADDRESS_HIGH: u8 = 0x18;
const FRAMES_WAITING: u8 = 0x34;
const TRANSMISSION: u8 = 0x38;

const INTERRUPT_RECEIVED: u32 = 1 << 0;
const INTERRUPT_SENT: u32 = 1 << 2;
const INTERRUPT_OVERFLOW: u32 = 1 << 3;
const INTERRUPT_ALL: u32 = 0x7F;
const RECEIVE_ENABLE: u32 = 1 << 0;
const RECEIVE_DROP_DAMAGED: u32 = 1 << 3;
const RECEIVE_RESET_FIFO: u32 = 1 << 4;
const TRANSMIT_ENABLE: u32 = 1 << 0;
const TRANSMIT_PAD: u32 = 1 << 1;
const TRANSMIT_CHECKSUM: u32 = 1 << 2;
const TRANSMIT_DUPLEX: u32 = 1 << 4;
const TRANSMISSION_START: u32 = 1 << 0;
const FRAMES_WAITING_MASK: u32 = 0x3F;

/// In both directions a length of 16 bits precedes the frame.
const PREFIX: usize = 2;
/// The length that precedes what is sent leaves this much out: two addresses and a type.
const UNCOUNTED: usize = 14;
/// Bytes of the FIFO: no frame is longer, so whoever says so is out of step.
const FIFO: usize = 2048;

/// For a chip without an address: locally administered.
const FALLBACK_ADDRESS: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];

pub(crate) struct Stellaris {
    registers: Registers,
    address: [u8; 6],
}

impl Stellaris {
    pub(crate) fn start(registers: Registers) -> Result<Self, NotResponding> {
        let address = read_address(registers);
        registers.write(INTERRUPT_MASK, 0);
        let [a, b, c, d, e, f] = address;
        registers.write(ADDRESS_LOW, u32::from_le_bytes([a, b, c, d]));
        registers.write(ADDRESS_HIGH, u32::from_le_bytes([e, f, 0, 0]));
        registers.write(INTERRUPT_STATUS, INTERRUPT_ALL);
        let transmit = TRANSMIT_ENABLE | TRANSMIT_PAD | TRANSMIT_CHECKSUM | TRANSMIT_DUPLEX;
        registers.write(TRANSMIT_CONTROL, transmit);
        let chip = Self { registers, address };
        chip.empty();
        Ok(chip)
    }

    /// Interrupts no more.
    pub(crate) fn silence(registers: Registers) {
        registers.write(INTERRUPT_MASK, 0);
    }

    /// Throws away what is in the FIFO, and receives.
    fn empty(&self) {
        let control = RECEIVE_ENABLE | RECEIVE_DROP_DAMAGED;
        self.registers.write(RECEIVE_CONTROL, control | RECEIVE_RESET_FIFO);
        self.registers.write(RECEIVE_CONTROL, control);
    }
}

impl Chip for Stellaris {
    const PREFIX: usize = PREFIX;

    fn address(&self) -> [u8; 6] {
        self.address
    }

    /// The emulated chip has nothing to ask.
    fn link_is_up(&self) -> bool {
        true
    }

    fn has(&self, event: Event) -> bool {
        match event {
            Event::Frame => self.registers.read(FRAMES_WAITING) & FRAMES_WAITING_MASK != 0,
            Event::Room => self.registers.read(TRANSMISSION) & TRANSMISSION_START == 0,
        }
    }

    fn interrupt_at(&self, event: Event) {
        let interrupt = match event {
            Event::Frame => INTERRUPT_RECEIVED,
            Event::Room => INTERRUPT_SENT,
        };
        critical_section::with(|_| {
            self.registers.write(INTERRUPT_STATUS, interrupt);
            let others = self.registers.read(INTERRUPT_MASK);
            self.registers.write(INTERRUPT_MASK, others | interrupt);
        });
    }

    fn take(&mut self, frame: &mut Frame) -> Option<usize> {
        // A frame that found no room is not in the FIFO; the others are whole.
        if self.registers.read(INTERRUPT_STATUS) & INTERRUPT_OVERFLOW != 0 {
            self.registers.write(INTERRUPT_STATUS, INTERRUPT_OVERFLOW);
            return None;
        }
        let first = self.registers.read(DATA);
        let total = (first & 0xFFFF) as usize;
        let words = total.div_ceil(4);
        let length = total.checked_sub(PREFIX).filter(|length| LENGTHS.contains(length));
        if length.is_none() {
            if total <= FIFO {
                self.registers.skip(DATA, words.saturating_sub(1))
            } else {
                self.empty()
            }
            return None;
        }
        let mut into = frame.words_mut(words);
        into.next()?.copy_from_slice(&first.to_le_bytes());
        into.for_each(|word| *word = self.registers.read(DATA).to_le_bytes());
        length.map(|length| length - CHECKSUM)
    }

    fn send(&mut self, frame: &mut Frame, length: usize) {
        let [low, high, ..] = length.saturating_sub(UNCOUNTED).to_le_bytes();
        frame.words_mut(1).for_each(|word| word[..PREFIX].copy_from_slice(&[low, high]));
        frame.words((PREFIX + length).div_ceil(4)).for_each(|word| self.registers.write(DATA, word));
        self.registers.write(TRANSMISSION, TRANSMISSION_START);
    }
}

fn read_address(registers: Registers) -> [u8; 6] {
    let [a, b, c, d] = registers.read(ADDRESS_LOW).to_le_bytes();
    let [e, f, ..] = registers.read(ADDRESS_HIGH).to_le_bytes();
    let address = [a, b, c, d, e, f];
    if address == [0; 6] { FALLBACK_ADDRESS } else { address }
}
