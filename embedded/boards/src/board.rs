//! What differs between the boards: clock, network chip, and how they are started.

#[cfg(feature = "lm3s6965evb")]
#[path = "board/lm3s6965evb.rs"]
mod chosen;
#[cfg(not(feature = "lm3s6965evb"))]
#[path = "board/mps2_an386.rs"]
mod chosen;

pub use chosen::{CLOCK_HZ, ETHERNET_IRQ, NAME};
pub(crate) use chosen::{ETHERNET, EthernetChip};

use cortex_m::peripheral::{NVIC, Peripherals};

use crate::time;

#[cfg(not(any(feature = "lm3s6965evb", feature = "mps2-an386")))]
compile_error!("no board is chosen: build with --features lm3s6965evb or --features mps2-an386");
#[cfg(all(feature = "lm3s6965evb", feature = "mps2-an386"))]
compile_error!("two boards are chosen: build with one of the features lm3s6965evb and mps2-an386");

/// Starts clocks and time. Call once, first; a second call does nothing.
pub fn init() {
    if let Some(peripherals) = Peripherals::take() {
        chosen::start_clocks();
        time::start(peripherals.SYST);
    }
}

/// Lets an interrupt of the vector table through.
pub fn enable_irq(number: u16) {
    let (register, bit) = (usize::from(number / 32), number % 32);
    // SAFETY: ISER takes ones only, so that other interrupts stay as they are; `interrupts` has a handler for every number.
    unsafe { (*NVIC::PTR).iser[register].write(1 << bit) }
}
