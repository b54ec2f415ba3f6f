//! Microcontrollers as clients: what they are given ([`provision`]).

pub mod provision;
mod reach;

pub use reach::Unreachable;
