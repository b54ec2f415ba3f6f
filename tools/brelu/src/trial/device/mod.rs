//! A microcontroller as a client: real firmware in an emulator, or the same application as a process of this machine.
//!
//! - [`album`] has the network, the pictures, and the labels that the plaintext engine gives them;
//! - [`machine`] starts a device, [`console`] reads what it prints;
//! - `stage` has the parties the device talks to, and its partition and flash;
//! - [`labels`] lets it classify all pictures, [`cuts`] cuts its power, [`foes`] has it call peers that are none.

pub mod album;
pub mod console;
pub mod cuts;
pub mod foes;
pub mod labels;
pub mod machine;
mod stage;

pub use stage::{Setting, Way};
