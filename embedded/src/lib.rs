//! The brelu client on a microcontroller: no std, no heap, all memory static and sized by its owner, over embassy-net.
//!
//! Two ways to take part:
//!
//! - [`party`]: the device is the client. It regenerates every mask, does its offline convolutions and answers every layer;
//!   for small networks.
//! - [`thin`]: the device masks its input and opens the result; a delegate that it trusts walks the network, of any size.
//!   Neither the delegate nor the server learns anything alone; the two together would learn the input.
//!
//! Both use the secure channel of every other party ([`brelu_core::channel`]). What a device is given once, it reads from a
//! partition of its flash ([`settings`]); what it must not forget, it keeps in another one ([`records`]): how often it was
//! started, and which epochs it has used. [`entropy`] is where its secrets for a handshake come from. [`app`] is a whole
//! application: it classifies the pictures of its partition, and goes on whatever the network does.
//!
//! All work happens in `await`s that give other tasks their turn; [`brelu_core::client::Progress`] is called often enough to
//! feed a watchdog.
#![no_std]
#![forbid(unsafe_code)]

pub mod app;
pub mod entropy;
pub mod error;
pub mod meter;
pub mod party;
pub mod picture;
pub mod records;
pub mod settings;
pub mod tcp;
pub mod thin;
