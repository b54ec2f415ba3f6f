//! The first frames of a connection.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::keys::Public;
use crate::pipe::NetError;
use crate::weights::PlanHash;

/// Version of the protocol between parties. Parties of different versions refuse each other.
pub(crate) const PROTOCOL_VERSION: u16 = 1;

/// Client to server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ClientHello {
    pub(crate) version: u16,
    pub(crate) plan: PlanHash,
    pub(crate) public: Public,
    /// Payload bytes of the largest frame the client takes.
    pub(crate) max_payload: u32,
}

/// Server to client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServerHello {
    pub(crate) version: u16,
    pub(crate) public: Public,
    pub(crate) dealer_public: Public,
    /// Seed of `W_cs`, hidden under the client-server key.
    pub(crate) weights_seed: [u8; 32],
    /// How many inferences the server keeps prepared for this client.
    pub(crate) ready: u32,
}

/// Server to dealer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DealerRequest {
    pub(crate) version: u16,
    pub(crate) plan: PlanHash,
    /// SHA-256 of the dealer's weight component.
    pub(crate) model: [u8; 32],
    pub(crate) plan_bytes: u32,
    pub(crate) server_public: Public,
    pub(crate) client_public: Public,
}

/// Dealer to server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DealerHello {
    pub(crate) version: u16,
    pub(crate) public: Public,
    /// Whether the dealer has to be sent the model first.
    pub(crate) needs_model: bool,
}

pub(crate) fn encode(hello: &impl Serialize) -> Vec<u8> {
    // These types have no map and no sequence of unknown length; they always serialise.
    postcard::to_stdvec(hello).unwrap_or_default()
}

pub(crate) fn decode<T: DeserializeOwned>(peer: &'static str, payload: &[u8]) -> Result<T, NetError> {
    let reason = "its first words are not of this protocol".to_owned();
    postcard::from_bytes(payload).map_err(|_| NetError::Refused { peer, reason })
}
