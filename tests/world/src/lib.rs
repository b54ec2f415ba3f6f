//! Server, dealer and client in one process: the very sessions that run over TCP, over connections in memory, with a tap on
//! what passes.
//!
//! - [`Trio`] is the three parties;
//! - [`Wire`] is what lies between them: in the clear or sealed, with or without taps;
//! - [`Line`] is one connection with a tap, between any two streams.

#![forbid(unsafe_code)]

mod line;
mod piece;
mod route;
mod trio;
mod wire;

pub use line::{Act, Fate, Line, Tap};
pub use piece::Cut;
pub use route::Route;
pub use trio::Trio;
pub use wire::{Taps, Wire};
