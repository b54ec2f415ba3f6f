//! Proofs by enumeration of all masks of a small ring.

mod client;
mod server;
