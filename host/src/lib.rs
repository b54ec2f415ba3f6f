//! brelu on a computer: the server, the dealer, the desktop client.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use brelu_host::embed::{Client, Keys};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = Client::open(Path::new("net.plan"), Keys::read(Path::new("."))?, Path::new("client.state"))?;
//! client.connect("127.0.0.1:7601").await?;
//! let answer = client.infer(&[0.0; 3 * 32 * 32]).await?;
//! println!("class {:?}", answer.best());
//! # Ok(())
//! # }
//! ```
//!
//! - [`embed`] is where to start: a client, a server or a dealer in a few lines of a program of yours;
//! - [`server`] and [`dealer`] hold the two parties' computations (`Evaluation`, `DealerModel`) and their sessions;
//! - [`client`] is the client party of `brelu-core` with the fast kernels of `brelu-kernels`;
//! - [`delegate`] is that client working for devices that keep their inputs and results to themselves;
//! - [`pipe`] carries frames over any asynchronous stream, [`secure`] makes it a secure channel, [`keys`] keeps key files and
//!   lists of who may connect;
//! - [`state`] is what survives a restart: epochs that were used, prepared inferences, and counts of those that ran;
//! - [`records`] is the folder of all that;
//! - [`quota`] says how many inferences a client may have;
//! - [`limits`] is what a plan may take of a party;
//! - [`net`] has connections, services and clients over TCP;
//! - [`scores`] is what outputs say;
//! - `picture` makes inputs of pictures, with the feature `image`;
//! - [`weights`] is the server's secret file.

#![forbid(unsafe_code)]

mod cancellation;
pub mod client;
pub mod dealer;
pub mod delegate;
pub mod embed;
pub mod error;
pub mod event;
mod groups;
mod growing;
mod hello;
pub mod keys;
pub mod limits;
pub mod local;
mod mask_reader;
pub mod net;
mod packed;
#[cfg(feature = "image")]
pub mod picture;
pub mod pipe;
pub mod plan_file;
pub mod quota;
pub mod records;
mod row_major;
pub mod scores;
pub mod secure;
pub mod server;
pub mod state;
pub mod weights;
mod words;
