//! The platform half of the brelu firmware, for two boards that QEMU emulates: `lm3s6965evb` (Cortex-M3, 64 KB of RAM) and
//! `mps2-an386` (Cortex-M4).
//!
//! - [`board`] has what differs between them; [`interrupts`] is their vector table, [`time`] their clock.
//! - [`ethernet`] is a driver for embassy-net over either network chip, [`network`] the stack on top of it.
//! - [`executor`] runs the tasks and sleeps in between, [`stack`] says how deep they went.
//! - [`semihosting`] reaches the host: text, files, arguments, and the exit status. A panic is printed there and ends with
//!   [`PANIC_STATUS`](semihosting::PANIC_STATUS).
//! - [`flash`] and [`provision`] are the device's storage: what it writes, and what it was made with.
//!
//! A product has its own boards: it replaces all of this except `network` and `executor`.
#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod board;
pub mod device;
pub mod ethernet;
pub mod executor;
mod faults;
pub mod flash;
pub mod interrupts;
#[cfg(not(feature = "lm3s6965evb"))]
mod lan9118;
pub mod network;
pub mod provision;
mod registers;
pub mod semihosting;
pub mod stack;
#[cfg(feature = "lm3s6965evb")]
mod stellaris;
pub mod time;
