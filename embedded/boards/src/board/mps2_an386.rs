use crate::registers::Registers;

pub(crate) use crate::lan9118::Lan9118 as EthernetChip;

/// What QEMU calls this machine.
pub const NAME: &str = "mps2-an386";
/// Clock of processor and SysTick.
pub const CLOCK_HZ: u32 = 25_000_000;
/// Interrupt of the network chip.
pub const ETHERNET_IRQ: u16 = 13;

// SAFETY: the memory map has the Ethernet controller here.
pub(crate) const ETHERNET: Registers = unsafe { Registers::new(0x4020_0000) };

pub(super) fn start_clocks() {}
