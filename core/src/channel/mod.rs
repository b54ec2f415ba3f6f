//! The secure channel: a Noise IK handshake (25519, ChaChaPoly, SHA-256), then sealed records.
//!
//! Everything here works on buffers and knows no connection, so that a server with a thousand sessions and a
//! microcontroller run the same code:
//!
//! - an [`Identity`] is a party's long-term key pair, a [`PublicKey`] what others know it by;
//! - [`Initiator`] and [`Responder`] are the two ends of a handshake of two messages, after which both have an [`Agreed`]:
//!   the initiator knew the responder's public key before, the responder learns the initiator's and decides;
//! - [`Agreed::into_parts`] gives a [`Sealer`] and an [`Opener`] for frames, and [`SessionKeys`] with the key of the addressed
//!   randomness that the two ends share;
//! - [`Secure`] is a [`crate::transport::Transport`] over a byte stream, for parties without tasks.
//!
//! The same handshake runs between client and dealer inside the messages that the server relays: it can neither read nor
//! alter what these two agree on.
//!
//! Source: The Noise Protocol Framework, revision 34, section 7.5 (IK), 11.3 (rekeying), 11.2 (channel binding).

mod handshake;
mod hello;
mod identity;
mod record;
mod secure;
mod suite;
#[cfg(test)]
mod tests;
mod words;

pub use handshake::{ANSWER_LEN, Agreed, HandshakeError, Initiator, Pair, Refusal, Responder, SessionKeys};
pub use hello::{
    Caller, ClientHello, DeviceHello, EPOCH_JUMP, EPOCH_LEAD, EPOCH_LEN, GREETING_LEN, ServerHello,
    WELCOME_LEN, epoch_of, inference_number, read_hello,
};
pub use identity::{BadKey, Identity, KeyId, PublicKey};
pub use record::{Opener, RECORD_HEADER, RECORD_OVERHEAD, RECORD_TAG, RecordError, Sealer, record_body};
pub use secure::{Secure, SecureError};
pub use suite::Ephemeral;
pub use words::{Delegation, Done, Number};

/// Version of the protocol between parties. Parties of different versions refuse each other.
pub const PROTOCOL_VERSION: u16 = 4;

/// Bytes of the initiator's handshake message beyond its payload: ephemeral key, sealed static key, tag.
pub const FIRST_OVERHEAD: usize = 96;

/// Bytes of the responder's handshake message beyond its payload: ephemeral key, tag.
pub const SECOND_OVERHEAD: usize = 48;
