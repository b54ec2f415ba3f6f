//! Trials of real parties: with faults on the wire, killed at any moment, and in a crowd.
//!
//! A trial says of every inference whether its result was right, an error was told, or neither, and counts the numbers
//! that were used ([`numbers`]): one number used twice for the same would give masked values away.
//!
//! - [`brelu_world`] has wires between parties that meddle with records;
//! - [`subject`] is what is inferred, and knows right results from wrong ones;
//! - [`faults`] runs all three parties in this process, with a fault at every record of a session;
//! - [`kills`] does the same to processes, which are killed at every record; [`disks`] lets their disks run full;
//! - [`restarts`] kills processes at random moments for a long time;
//! - [`timing`] compares the times of steps on different secrets;
//! - [`device`] has a microcontroller as the client;
//! - [`crowd`] has many clients at once, hostile ones among them.

pub mod crowd;
mod deployment;
pub mod device;
pub mod disks;
mod error;
pub mod faults;
mod gate;
mod generated;
mod hostile;
mod keeper;
pub mod kills;
pub mod numbers;
mod pool;
mod processes;
pub mod reply;
pub mod restarts;
mod sessions;
pub mod subject;
pub mod tally;
pub mod timing;
mod trap;
mod trio;

pub use error::TrialError;
