//! The brelu protocol.
#![no_std]
#![forbid(unsafe_code)]

pub mod bits;
pub mod client;
pub mod cost;
pub mod geometry;
pub mod masks;
pub mod plan;
pub mod prf;
pub mod protocol;
pub mod ring;
pub mod share;
pub mod transport;
