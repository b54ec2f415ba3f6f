//! Sealed records: a frame's kind and payload, encrypted and authenticated, after three bytes of length.
//!
//! ```text
//! length of the rest, 3 bytes, little endian | sealed ( kind, 1 byte | payload ) | tag, 16 bytes
//! ```
//!
//! The length is authenticated with the rest. Records are counted by both ends, so one that is left out, repeated, moved
//! or altered does not open, and nothing after it does. Keys are replaced after every [`REKEY`] records.

use noise_protocol::CipherState;

use super::suite::ChaChaPoly;
use crate::transport::{FrameKind, MAX_PAYLOAD};

/// Bytes before a record's body.
pub const RECORD_HEADER: usize = 3;

/// Bytes after a record's payload.
pub const RECORD_TAG: usize = 16;

/// Bytes of a record beyond its payload.
pub const RECORD_OVERHEAD: usize = RECORD_HEADER + 1 + RECORD_TAG;

/// Records under one key: at most 1 GiB.
pub(super) const REKEY: u64 = 1 << 14;

/// Why a record cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Longer than this party takes, or too short for anything.
    #[error(
        "a record of {got} bytes came where 17 to {room} are allowed: the peer does not keep to the protocol"
    )]
    Length {
        /// Bytes announced.
        got: usize,
        /// Most bytes allowed.
        room: usize,
    },
    /// Altered, repeated, out of order, or of another session.
    #[error("a record does not open: it was altered, repeated or left out on its way")]
    Broken,
    /// Opened, but of no known kind.
    #[error("a frame of unknown kind {0} came: the peer does not keep to the protocol")]
    Kind(u8),
}

/// Bytes of the body that `header` announces, for a party that takes payloads of `room` bytes.
///
/// # Errors
/// [`RecordError::Length`].
pub fn record_body(header: [u8; RECORD_HEADER], room: usize) -> Result<usize, RecordError> {
    let got = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
    let room = room.min(MAX_PAYLOAD) + 1 + RECORD_TAG;
    if (1 + RECORD_TAG..=room).contains(&got) { Ok(got) } else { Err(RecordError::Length { got, room }) }
}

/// One direction of a connection under its current key.
struct Direction {
    cipher: CipherState<ChaChaPoly>,
    left: u64,
}

impl Direction {
    fn counted(&mut self) {
        self.left -= 1;
        if self.left == 0 {
            self.cipher.rekey();
            self.left = REKEY;
        }
    }
}

/// The sending direction of a connection.
pub struct Sealer(Direction);

/// The receiving direction of a connection.
pub struct Opener(Direction);

impl core::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sealer(redacted)")
    }
}

impl core::fmt::Debug for Opener {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Opener(redacted)")
    }
}

impl Sealer {
    pub(super) fn new(cipher: CipherState<ChaChaPoly>) -> Self {
        Self(Direction { cipher, left: REKEY })
    }

    /// Seals a frame in place: `record` has the payload after its first four bytes and room for the tag at its end.
    ///
    /// # Errors
    /// [`RecordError::Length`] if the payload is larger than [`MAX_PAYLOAD`] or the record smaller than
    /// [`RECORD_OVERHEAD`].
    pub fn seal(&mut self, kind: FrameKind, record: &mut [u8]) -> Result<(), RecordError> {
        let got = record.len().saturating_sub(RECORD_HEADER);
        let length = (got as u32).to_le_bytes();
        let header = [length[0], length[1], length[2]];
        record_body(header, MAX_PAYLOAD)?;
        let (head, body) = record.split_at_mut(RECORD_HEADER);
        head.copy_from_slice(&header);
        body[0] = kind as u8;
        self.0.cipher.encrypt_ad_in_place(&header, body, got - RECORD_TAG);
        self.0.counted();
        Ok(())
    }
}

impl Opener {
    pub(super) fn new(cipher: CipherState<ChaChaPoly>) -> Self {
        Self(Direction { cipher, left: REKEY })
    }

    /// Opens a record in place: `body` is what followed `header`, the payload is `body[1 .. 1 + length]`. After an error
    /// the connection is of no use.
    ///
    /// # Errors
    /// [`RecordError::Broken`] or [`RecordError::Kind`].
    pub fn open(
        &mut self,
        header: [u8; RECORD_HEADER],
        body: &mut [u8],
    ) -> Result<(FrameKind, usize), RecordError> {
        let len = body.len();
        let opened = self.0.cipher.decrypt_ad_in_place(&header, body, len);
        let len = opened.ok().and_then(|len| len.checked_sub(1)).ok_or(RecordError::Broken)?;
        self.0.counted();
        Ok((FrameKind::from_byte(body[0]).ok_or(RecordError::Kind(body[0]))?, len))
    }
}
