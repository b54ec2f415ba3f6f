use crate::registers::Registers;

pub(crate) use crate::stellaris::Stellaris as EthernetChip;

/// What QEMU calls this machine.
pub const NAME: &str = "lm3s6965evb";
/// Clock of processor and SysTick.
pub const CLOCK_HZ: u32 = 50_000_000;
/// Interrupt of the network chip.
pub const ETHERNET_IRQ: u16 = 42;

// SAFETY: the memory map has the Ethernet controller here.
pub(crate) const ETHERNET: Registers = unsafe { Registers::new(0x4004_8000) };

// SAFETY: the memory map has the first half of system control here.
const SYSTEM_CONTROL: Registers = unsafe { Registers::new(0x400F_E000) };
// SAFETY: the memory map has the clock gates of system control here.
const CLOCK_GATES: Registers = unsafe { Registers::new(0x400F_E100) };
const RCC: u8 = 0x60;
const RCGC2: u8 = 0x08;

const RCC_DIVIDE_BY_4: u32 = 3 << 23;
const RCC_USE_DIVIDER: u32 = 1 << 22;
const RCC_CRYSTAL_8_MHZ: u32 = 0xE << 6;
const RCGC2_EMAC: u32 = 1 << 28;
const RCGC2_EPHY: u32 = 1 << 30;

pub(super) fn start_clocks() {
    // The PLL gives 200 MHz.
    SYSTEM_CONTROL.write(RCC, RCC_DIVIDE_BY_4 | RCC_USE_DIVIDER | RCC_CRYSTAL_8_MHZ);
    CLOCK_GATES.write(RCGC2, RCGC2_EMAC | RCGC2_EPHY);
}
