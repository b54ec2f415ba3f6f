//! brelu on a computer: the server, the dealer, the desktop client, and the fast kernels they share.
//!
//! - [`server`] and [`dealer`] hold the two parties' computations (`Evaluation`, `DealerModel`) and their sessions;
//! - [`client`] is the client party of `brelu-core` with this crate's kernels;
//! - [`delegate`] is that client working for devices that keep their inputs and results to themselves;
//! - [`pipe`] carries frames over any asynchronous stream, [`secure`] makes it a secure channel, [`keys`] keeps key files and
//!   lists of who may connect;
//! - [`state`] is what survives a restart: epochs that were used, prepared inferences, and counts of those that ran;
//! - [`quota`] says how many inferences a client may have;
//! - [`limits`] is what a plan may take of a party;
//! - [`kernel`] has the convolutions, [`weights`] the server's secret file.

pub mod client;
pub mod dealer;
pub mod delegate;
pub mod error;
pub mod event;
mod groups;
mod growing;
mod hello;
pub mod kernel;
pub mod keys;
pub mod limits;
pub mod local;
mod mask_reader;
mod packed;
pub mod pipe;
pub mod plan_file;
pub mod quota;
mod row_major;
pub mod secure;
pub mod server;
pub mod state;
mod stopping;
pub mod weights;
