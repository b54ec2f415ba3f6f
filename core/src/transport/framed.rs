//! Frames over a byte stream: three bytes of length (little endian), one byte of kind, the payload.

use embedded_io_async::{Error as _, ErrorKind, Read, ReadExactError, Write};

use super::{FrameKind, MAX_PAYLOAD, Transport};

/// Bytes before a payload.
pub const FRAME_HEADER: usize = 4;

/// Why a byte stream failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramedError {
    /// The stream itself failed.
    #[error("the connection failed ({0:?})")]
    Stream(ErrorKind),
    /// The peer went away.
    #[error("the peer closed the connection")]
    Closed,
    /// The peer sent something that is not a frame.
    #[error("the peer sent a frame of unknown kind {0}: it does not speak this protocol")]
    Kind(u8),
    /// The peer sent a frame that is larger than this party takes.
    #[error("the peer sent a frame of {got} bytes where at most {room} are allowed")]
    TooLong {
        /// Bytes announced.
        got: usize,
        /// Bytes allowed.
        room: usize,
    },
}

/// The header of a frame.
pub const fn encode_header(kind: FrameKind, len: usize) -> [u8; FRAME_HEADER] {
    let len = (len as u32).to_le_bytes();
    [len[0], len[1], len[2], kind as u8]
}

/// Reads the header of a frame whose payload may have `room` bytes.
///
/// # Errors
/// An unknown kind, or a payload larger than `room`.
pub fn decode_header(header: [u8; FRAME_HEADER], room: usize) -> Result<(FrameKind, usize), FramedError> {
    let kind = FrameKind::from_byte(header[3]).ok_or(FramedError::Kind(header[3]))?;
    let got = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
    let room = if room < MAX_PAYLOAD { room } else { MAX_PAYLOAD };
    if got > room { Err(FramedError::TooLong { got, room }) } else { Ok((kind, got)) }
}

/// A byte stream as a [`Transport`].
#[derive(Debug)]
pub struct Framed<S>(pub S);

impl<S: Read + Write> Transport for Framed<S> {
    type Error = FramedError;

    async fn send(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), FramedError> {
        let failed = |error: S::Error| FramedError::Stream(error.kind());
        self.0.write_all(&encode_header(kind, payload.len())).await.map_err(failed)?;
        self.0.write_all(payload).await.map_err(failed)
    }

    async fn receive(&mut self, buffer: &mut [u8]) -> Result<(FrameKind, usize), FramedError> {
        let mut header = [0; FRAME_HEADER];
        self.0.read_exact(&mut header).await.map_err(failed)?;
        let (kind, len) = decode_header(header, buffer.len())?;
        self.0.read_exact(&mut buffer[..len]).await.map_err(failed)?;
        Ok((kind, len))
    }

    async fn flush(&mut self) -> Result<(), FramedError> {
        self.0.flush().await.map_err(|error| FramedError::Stream(error.kind()))
    }
}

fn failed<E: embedded_io_async::Error>(error: ReadExactError<E>) -> FramedError {
    match error {
        ReadExactError::UnexpectedEof => FramedError::Closed,
        ReadExactError::Other(error) => FramedError::Stream(error.kind()),
    }
}
