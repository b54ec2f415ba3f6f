//! SMSC LAN9118, and LAN9220 which is made to match it.

use crate::ethernet::{CHECKSUM, Chip, Event, Frame, LENGTHS};
use crate::registers::{NotResponding, Registers};

const RECEIVE_DATA: u8 = 0x00;
const TRANSMIT_DATA: u8 = 0x20;
const RECEIVE_STATUS: u8 = 0x40;
const INTERRUPT_CONFIG: u8 = 0x54;
const INTERRUPT_STATUS: u8 = 0x58;
const INTERRUPT_ENABLE: u8 = 0x5C;
const BYTE_ORDER_TEST: u8 = 0x64;
const FIFO_LEVELS: u8 = 0x68;
const RECEIVE_CONFIG: u8 = 0x6C;
const TRANSMIT_CONFIG: u8 = 0x70;
const HARDWARE_CONFIG: u8 = 0x74;
const RECEIVE_FIFO: u8 = 0x7C;
const TRANSMIT_FIFO: u8 = 0x80;
const MAC_COMMAND: u8 = 0xA4;
const MAC_DATA: u8 = 0xA8;
const FLOW_CONTROL: u8 = 0xAC;

const BYTE_ORDER: u32 = 0x8765_4321;
const HARDWARE_RESET: u32 = 1 << 0;
const HARDWARE_MUST_BE_ONE: u32 = 1 << 20;
const HARDWARE_TRANSMIT_5_KB: u32 = 5 << 16;
/// The levels and pauses that the manual recommends for this split of the FIFO.
const FLOW_CONTROL_LEVELS: u32 = 0x006E_3740;
const TRANSMIT_STATUS_MAY_OVERFLOW: u32 = 1 << 2;
const TRANSMIT_ENABLE: u32 = 1 << 1;
const TRANSMIT_DISCARD: u32 = 0b11 << 14;
const INTERRUPT_OUT_ACTIVE_HIGH: u32 = 0x111;
const INTERRUPT_RECEIVED: u32 = 1 << 3;
const INTERRUPT_ROOM: u32 = 1 << 9;
const RECEIVE_FRAMES_MASK: u32 = 0x00FF_0000;
const RECEIVE_ERROR: u32 = 1 << 15;
const TRANSMIT_FREE_MASK: u32 = 0xFFFF;
const SEGMENT_FIRST_AND_LAST: u32 = 0b11 << 12;

/// The longest frame with its two command words; a multiple of 64, which is the unit of [`FIFO_LEVELS`].
const ROOM: u32 = 1536;

const MAC_BUSY: u32 = 1 << 31;
const MAC_READ: u32 = 1 << 30;
const MAC_CONTROL: u32 = 1;
const MAC_ADDRESS_HIGH: u32 = 2;
const MAC_ADDRESS_LOW: u32 = 3;
const MAC_PHY_COMMAND: u32 = 6;
const MAC_PHY_DATA: u32 = 7;
const MAC_RECEIVE: u32 = 1 << 2;
const MAC_TRANSMIT: u32 = 1 << 3;
const MAC_FULL_DUPLEX: u32 = 1 << 20;

const PHY_BUSY: u32 = 1 << 0;
const PHY_WRITE: u32 = 1 << 1;
const PHY_ADDRESS: u32 = 1 << 11;
const PHY_CONTROL: u32 = 0;
const PHY_STATUS: u32 = 1;
const PHY_ADVERTISE: u32 = 4;
const PHY_RESET: u32 = 1 << 15;
const PHY_NEGOTIATE: u32 = 0x1200;
const PHY_ALL_SPEEDS: u32 = 0x01E1;
const PHY_LINK_UP: u32 = 1 << 2;

/// How often a bit is read before the chip is given up: some 10 ms, far longer than any bit here takes.
const ATTEMPTS: u32 = 50_000;

pub(crate) struct Lan9118 {
    registers: Registers,
    address: [u8; 6],
}

impl Lan9118 {
    pub(crate) fn start(registers: Registers) -> Result<Self, NotResponding> {
        let mut chip = Self { registers, address: [0; 6] };
        chip.reset()?;
        chip.start_phy()?;
        chip.address = chip.read_address()?;
        chip.start_fifos();
        chip.mac_write(MAC_CONTROL, MAC_FULL_DUPLEX | MAC_TRANSMIT | MAC_RECEIVE)?;
        Ok(chip)
    }

    /// Interrupts no more.
    pub(crate) fn silence(registers: Registers) {
        registers.write(INTERRUPT_ENABLE, 0);
    }

    fn reset(&self) -> Result<(), NotResponding> {
        let registers = self.registers;
        wait_until(|| registers.read(BYTE_ORDER_TEST) == BYTE_ORDER)?;
        registers.write(HARDWARE_CONFIG, HARDWARE_RESET);
        wait_until(|| registers.read(HARDWARE_CONFIG) & HARDWARE_RESET == 0)?;
        registers.write(HARDWARE_CONFIG, HARDWARE_TRANSMIT_5_KB | HARDWARE_MUST_BE_ONE);
        registers.write(FLOW_CONTROL, FLOW_CONTROL_LEVELS);
        Ok(())
    }

    fn start_phy(&self) -> Result<(), NotResponding> {
        self.phy_write(PHY_CONTROL, PHY_RESET)?;
        wait_until(|| self.phy_read(PHY_CONTROL).is_ok_and(|control| control & PHY_RESET == 0))?;
        self.phy_write(PHY_ADVERTISE, PHY_ALL_SPEEDS)?;
        self.phy_write(PHY_CONTROL, PHY_NEGOTIATE)
    }

    fn start_fifos(&self) {
        let registers = self.registers;
        registers.write(FIFO_LEVELS, (ROOM / 64) << 24);
        registers.write(TRANSMIT_CONFIG, TRANSMIT_DISCARD);
        // Nobody reads how sending went.
        registers.write(TRANSMIT_CONFIG, TRANSMIT_ENABLE | TRANSMIT_STATUS_MAY_OVERFLOW);
        registers.write(RECEIVE_CONFIG, 0);
        registers.write(INTERRUPT_ENABLE, 0);
        registers.write(INTERRUPT_STATUS, u32::MAX);
        registers.write(INTERRUPT_CONFIG, INTERRUPT_OUT_ACTIVE_HIGH);
    }

    fn read_address(&self) -> Result<[u8; 6], NotResponding> {
        let [a, b, c, d] = self.mac_read(MAC_ADDRESS_LOW)?.to_le_bytes();
        let [e, f, ..] = self.mac_read(MAC_ADDRESS_HIGH)?.to_le_bytes();
        Ok([a, b, c, d, e, f])
    }

    fn mac_is_idle(&self) -> bool {
        self.registers.read(MAC_COMMAND) & MAC_BUSY == 0
    }

    fn mac_read(&self, register: u32) -> Result<u32, NotResponding> {
        self.registers.write(MAC_COMMAND, MAC_BUSY | MAC_READ | register);
        wait_until(|| self.mac_is_idle())?;
        Ok(self.registers.read(MAC_DATA))
    }

    fn mac_write(&self, register: u32, value: u32) -> Result<(), NotResponding> {
        self.registers.write(MAC_DATA, value);
        self.registers.write(MAC_COMMAND, MAC_BUSY | register);
        wait_until(|| self.mac_is_idle())
    }

    fn phy_command(&self, register: u32, direction: u32) -> Result<(), NotResponding> {
        self.mac_write(MAC_PHY_COMMAND, PHY_ADDRESS | register << 6 | direction | PHY_BUSY)?;
        wait_until(|| self.mac_read(MAC_PHY_COMMAND).is_ok_and(|command| command & PHY_BUSY == 0))
    }

    fn phy_read(&self, register: u32) -> Result<u32, NotResponding> {
        self.phy_command(register, 0)?;
        self.mac_read(MAC_PHY_DATA)
    }

    fn phy_write(&self, register: u32, value: u32) -> Result<(), NotResponding> {
        self.mac_write(MAC_PHY_DATA, value)?;
        self.phy_command(register, PHY_WRITE)
    }
}

impl Chip for Lan9118 {
    const PREFIX: usize = 0;

    fn address(&self) -> [u8; 6] {
        self.address
    }

    fn link_is_up(&self) -> bool {
        self.phy_read(PHY_STATUS).is_ok_and(|status| status & PHY_LINK_UP != 0)
    }

    fn has(&self, event: Event) -> bool {
        match event {
            Event::Frame => self.registers.read(RECEIVE_FIFO) & RECEIVE_FRAMES_MASK != 0,
            Event::Room => self.registers.read(TRANSMIT_FIFO) & TRANSMIT_FREE_MASK > ROOM,
        }
    }

    fn interrupt_at(&self, event: Event) {
        let interrupt = match event {
            Event::Frame => INTERRUPT_RECEIVED,
            Event::Room => INTERRUPT_ROOM,
        };
        critical_section::with(|_| {
            self.registers.write(INTERRUPT_STATUS, interrupt);
            let others = self.registers.read(INTERRUPT_ENABLE);
            self.registers.write(INTERRUPT_ENABLE, others | interrupt);
        });
    }

    fn take(&mut self, frame: &mut Frame) -> Option<usize> {
        let status = self.registers.read(RECEIVE_STATUS);
        let length = (status >> 16 & 0x3FFF) as usize;
        let words = length.div_ceil(4);
        if status & RECEIVE_ERROR != 0 || !LENGTHS.contains(&length) {
            self.registers.skip(RECEIVE_DATA, words);
            return None;
        }
        frame.words_mut(words).for_each(|word| *word = self.registers.read(RECEIVE_DATA).to_le_bytes());
        Some(length - CHECKSUM)
    }

    fn send(&mut self, frame: &mut Frame, length: usize) {
        self.registers.write(TRANSMIT_DATA, SEGMENT_FIRST_AND_LAST | length as u32);
        self.registers.write(TRANSMIT_DATA, length as u32);
        frame.words(length.div_ceil(4)).for_each(|word| self.registers.write(TRANSMIT_DATA, word));
    }
}

/// Waits for what the chip brings about, but not for ever.
fn wait_until(ready: impl Fn() -> bool) -> Result<(), NotResponding> {
    (0..ATTEMPTS).any(|_| ready()).then_some(()).ok_or(NotResponding)
}
