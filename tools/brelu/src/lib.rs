//! What the `brelu` command does, behind its arguments.

#![forbid(unsafe_code)]

pub mod bench;
pub mod device;
pub mod evaluate;
#[cfg(feature = "optimise")]
pub mod optimise;
pub mod process;
pub mod report;
pub mod trial;
