//! The first frames between client and server, inside their secure channel.

use serde::{Deserialize, Serialize};

use super::{FIRST_OVERHEAD, KeyId, SECOND_OVERHEAD};

/// Bytes of an epoch in the handshake between client and dealer.
pub const EPOCH_LEN: usize = 4;

/// Bytes of the client's handshake message for the dealer; it carries the last epoch the client knows.
pub const GREETING_LEN: usize = FIRST_OVERHEAD + EPOCH_LEN;

/// Bytes of the dealer's handshake message for the client; it carries the epoch of the new session.
pub const WELCOME_LEN: usize = SECOND_OVERHEAD + EPOCH_LEN;

/// The number of an inference: the epoch of the session that prepared it, and its place in that session, from 1.
pub const fn inference_number(epoch: u32, index: u32) -> u64 {
    (epoch as u64) << 32 | index as u64
}

/// The epoch in an inference number.
pub const fn epoch_of(inference: u64) -> u32 {
    (inference >> 32) as u32
}

/// Client to server.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ClientHello<'a> {
    /// SHA-256 of the plan.
    pub plan: [u8; 32],
    /// Payload bytes of the largest frame the client takes.
    pub max_payload: u32,
    /// The last epoch the client knows; the session gets a later one.
    pub floor: u32,
    /// The dealer the client trusts.
    pub dealer: KeyId,
    /// First handshake message to the dealer, [`GREETING_LEN`] bytes.
    pub greeting: &'a [u8],
}

/// Server to client.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct ServerHello<'a> {
    /// Second handshake message from the dealer, [`WELCOME_LEN`] bytes.
    pub welcome: &'a [u8],
    /// Seed of `W_cs`, 32 bytes.
    pub weights_seed: &'a [u8],
    /// How many inferences the server keeps prepared for this client.
    pub ready: u32,
}

crate::share::redacted!(ServerHello);
