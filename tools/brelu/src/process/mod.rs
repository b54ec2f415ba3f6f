//! Processes: parties that are this program's children, how much memory they take, and when to stop.

mod child;
mod stop;

pub use child::{LISTENING, PartyError, PartyProcess, peak_memory};
pub use stop::{on_interrupt, stopped};
