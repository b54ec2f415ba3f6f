//! The first frames between server and dealer, inside their secure channel; [`brelu_core::channel`] has the client's.

use serde::{Deserialize, Serialize};

use brelu_core::channel::read_hello;

use crate::error::SessionError;
use crate::weights::PlanHash;

/// Server to dealer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct DealerRequest<'a> {
    pub(crate) plan: PlanHash,
    /// SHA-256 of the dealer's weight component.
    pub(crate) model: [u8; 32],
    pub(crate) plan_bytes: u32,
    /// The last epoch the server knows of this client; the session gets a later one.
    pub(crate) floor: u32,
    /// The client's handshake message to the dealer.
    pub(crate) greeting: &'a [u8],
}

/// Dealer to server.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct DealerHello<'a> {
    /// The epoch of this session's inferences.
    pub(crate) epoch: u32,
    /// The last generation of the server's store that the dealer remembers of this client.
    pub(crate) generation: u64,
    /// The dealer's handshake message to the client.
    pub(crate) welcome: &'a [u8],
    /// Whether the dealer has to be sent the model first.
    pub(crate) needs_model: bool,
}

pub(crate) fn encode(hello: &impl Serialize) -> Vec<u8> {
    // These types have no map and no sequence of unknown length; they always serialise.
    postcard::to_stdvec(hello).unwrap_or_default()
}

pub(crate) fn decode<'a, T: Deserialize<'a>>(
    peer: &'static str,
    payload: &'a [u8],
) -> Result<T, SessionError> {
    read_hello(payload).ok_or(SessionError::Hello(peer))
}
