//! The first frames between client and server, inside their secure channel.

use serde::{Deserialize, Serialize};

use super::{FIRST_OVERHEAD, KeyId, SECOND_OVERHEAD};

/// Bytes of an epoch in the handshake between client and dealer.
pub const EPOCH_LEN: usize = 4;

/// Bytes of the client's handshake message for the dealer; it carries the last epoch the client knows.
pub const GREETING_LEN: usize = FIRST_OVERHEAD + EPOCH_LEN;

/// Bytes of the dealer's handshake message for the client; it carries the epoch of the new session.
pub const WELCOME_LEN: usize = SECOND_OVERHEAD + EPOCH_LEN;

/// How far the last epoch that a client or a server says it knows may be ahead of the dealer's own record.
///
/// Whoever is ahead has seen sessions that the dealer has lost. A dealer that is further behind refuses the session and
/// moves its record by this much, so that `n` lost sessions of a couple cost `n / 2^16` refusals, and a lie costs the
/// couple 2^16 of its 2^32 epochs, never all of them: it would take 65,536 sessions to use them up.
pub const EPOCH_LEAD: u32 = 1 << 16;

/// How far the epoch of a new session may be beyond the last one that a client, a server or a device knows.
///
/// The dealer is ahead of them after sessions that ended before they heard of them, after lies of the other one (at
/// most [`EPOCH_LEAD`] each, so 15 of them are outlived), and where they lost their records: of up to 2^20 sessions, one
/// every ten minutes for 19 years. A dealer that gives later epochs could use up all of them at once, for good: it is
/// refused, and one that goes as far as it may needs 4,096 sessions for that.
pub const EPOCH_JUMP: u32 = 1 << 20;

/// The number of an inference: the epoch of the session that prepared it, and its place in that session, from 1.
pub const fn inference_number(epoch: u32, index: u32) -> u64 {
    (epoch as u64) << 32 | index as u64
}

/// What a greeting says; `None` if that does not fill `words` to the end.
pub fn read_hello<'a, T: Deserialize<'a>>(words: &'a [u8]) -> Option<T> {
    let (hello, rest) = postcard::take_from_bytes(words).ok()?;
    rest.is_empty().then_some(hello)
}

/// The epoch in an inference number.
pub const fn epoch_of(inference: u64) -> u32 {
    (inference >> 32) as u32
}

/// Who calls a server, in its first frame.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Caller<'a> {
    /// A client: it walks the plan.
    #[serde(borrow)]
    Client(ClientHello<'a>),
    /// A device: it has inputs for inferences that its delegate walks.
    Device(DeviceHello),
}

/// Device to server and to delegate.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DeviceHello {
    /// SHA-256 of the plan.
    pub plan: [u8; 32],
    /// Payload bytes of the largest frame the device takes.
    pub max_payload: u32,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_ends_where_its_frame_does() {
        let hello = ServerHello { welcome: &[3], weights_seed: &[1, 2], ready: 7 };
        let mut words = [0; 16];
        let len = postcard::to_slice(&hello, &mut words).unwrap().len();
        let read =
            |len: usize| read_hello::<ServerHello<'_>>(&words[..len]).map(|hello| hello.welcome == [3]);
        assert_eq!([len - 1, len, len + 1].map(read), [None, Some(true), None]);
    }
}
