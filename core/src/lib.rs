//! The brelu protocol.
#![no_std]
#![forbid(unsafe_code)]

pub mod geometry;
