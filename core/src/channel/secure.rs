//! The secure channel as a transport over a byte stream, in buffers that the caller owns.

use embedded_io_async::{ErrorKind, Read, ReadExactError, Write};

use super::handshake::ANSWER_LEN;
use super::{
    Ephemeral, FIRST_OVERHEAD, HandshakeError, Identity, Initiator, Opener, Pair, PublicKey, RECORD_HEADER,
    RECORD_OVERHEAD, RecordError, Sealer, record_body,
};
use crate::transport::{FrameKind, Transport};

/// Why a secure connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecureError {
    /// The stream itself failed.
    #[error("the connection failed ({0:?})")]
    Stream(ErrorKind),
    /// The peer said or took nothing for as long as the stream waits.
    #[error(
        "the peer was silent for too long: check that it runs and that the network lets its packets through"
    )]
    Silent,
    /// The peer went away.
    #[error("the peer closed the connection")]
    Closed,
    /// No secure channel came about.
    #[error("no secure connection: {0}")]
    Handshake(#[from] HandshakeError),
    /// A record did not open.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A payload that the caller's buffer does not hold.
    #[error("a payload of {got} bytes does not fit into a buffer of {room}")]
    Room {
        /// Bytes there are.
        got: usize,
        /// Bytes there is room for.
        room: usize,
    },
}

/// One end of a secure connection over the byte stream `S`.
#[derive(Debug)]
pub struct Secure<'b, S> {
    stream: S,
    sealer: Sealer,
    opener: Opener,
    record: &'b mut [u8],
}

impl<'b, S: Read + Write> Secure<'b, S> {
    /// Calls the party known by `pinned` over `stream`. `record` holds one record at a time: the largest payload and
    /// [`RECORD_OVERHEAD`] bytes.
    ///
    /// # Errors
    /// If the stream fails, or the other end refuses or is somebody else.
    pub async fn connect(
        mut stream: S,
        identity: &Identity,
        pinned: &PublicKey,
        pair: Pair,
        ephemeral: Ephemeral,
        record: &'b mut [u8],
    ) -> Result<Self, SecureError> {
        let mut initiator = Initiator::new(identity, pinned, pair, &[], ephemeral);
        let mut first = [0; FIRST_OVERHEAD];
        initiator.write(&[], &mut first)?;
        stream.write_all(&first).await.map_err(stream_error)?;
        stream.flush().await.map_err(stream_error)?;
        let mut answer = [0; ANSWER_LEN];
        stream.read_exact(&mut answer).await.map_err(read_error)?;
        let (_, sealer, opener) = initiator.read_answer(&answer)?.into_parts();
        Ok(Self { stream, sealer, opener, record })
    }

    /// Payload bytes of the largest frame this end sends and takes.
    pub fn room(&self) -> usize {
        self.record.len().saturating_sub(RECORD_OVERHEAD)
    }
}

impl<S: Read + Write> Transport for Secure<'_, S> {
    type Error = SecureError;

    async fn send(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), SecureError> {
        let (got, room) = (payload.len(), self.room());
        let record = self.record.get_mut(..got + RECORD_OVERHEAD).ok_or(SecureError::Room { got, room })?;
        record[RECORD_HEADER + 1..][..got].copy_from_slice(payload);
        self.sealer.seal(kind, record)?;
        self.stream.write_all(record).await.map_err(stream_error)
    }

    async fn receive(&mut self, buffer: &mut [u8]) -> Result<(FrameKind, usize), SecureError> {
        let mut header = [0; RECORD_HEADER];
        self.stream.read_exact(&mut header).await.map_err(read_error)?;
        let body = record_body(header, buffer.len().min(self.room()))?;
        let body = &mut self.record[..body];
        self.stream.read_exact(body).await.map_err(read_error)?;
        let (kind, len) = self.opener.open(header, body)?;
        buffer[..len].copy_from_slice(&body[1..=len]);
        Ok((kind, len))
    }

    async fn flush(&mut self) -> Result<(), SecureError> {
        self.stream.flush().await.map_err(stream_error)
    }
}

fn stream_error(error: impl embedded_io_async::Error) -> SecureError {
    match error.kind() {
        ErrorKind::TimedOut => SecureError::Silent,
        kind => SecureError::Stream(kind),
    }
}

fn read_error<E: embedded_io_async::Error>(error: ReadExactError<E>) -> SecureError {
    match error {
        ReadExactError::UnexpectedEof => SecureError::Closed,
        ReadExactError::Other(error) => stream_error(error),
    }
}
