//! The vector table: the network chip is the only device that interrupts.

use cortex_m_rt as _;

use crate::board::ETHERNET_IRQ;
use crate::ethernet;
use crate::semihosting::fail;

const VECTORS: usize = ETHERNET_IRQ as usize + 1;

/// Handlers of the interrupts up to the network chip's, where cortex-m-rt's link script expects them.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
pub static __INTERRUPTS: [extern "C" fn(); VECTORS] = table();

const fn table() -> [extern "C" fn(); VECTORS] {
    let mut table = [unexpected as extern "C" fn(); VECTORS];
    table[ETHERNET_IRQ as usize] = network_chip;
    table
}

extern "C" fn network_chip() {
    ethernet::on_interrupt();
}

extern "C" fn unexpected() {
    fail("interrupt without a handler");
}
