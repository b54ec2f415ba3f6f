//! Messages: packed fields cut into frames as large as the caller's buffer.

use super::{FrameKind, Transport};
use crate::bits::{Packer, Unpacker, bytes};

/// Why a message could not be exchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError<E> {
    /// The transport failed.
    #[error(transparent)]
    Transport(#[from] E),
    /// The peer gave up.
    #[error("the peer stopped: {0}")]
    Refused(Reason),
    /// The peer sent another frame than the protocol expects here.
    #[error("the peer sent a frame of kind {0:?} in the middle of a message")]
    Unexpected(FrameKind),
    /// The peer sent more or less than the plan says.
    #[error("the peer sent a message of another length than the plan says")]
    Length,
    /// The unused bits of the last byte are not zero.
    #[error("the peer sent a message that does not end where the plan says")]
    Padding,
}

/// What a peer said when it gave up, cut to what fits.
pub type Reason = heapless::String<88>;

/// Takes the words of a [`FrameKind::Failed`] or [`FrameKind::Later`] frame.
pub(crate) fn reason(payload: &[u8]) -> Reason {
    let mut reason = Reason::new();
    for c in payload.iter().map(|byte| char::from(*byte)).filter(|c| c.is_ascii_graphic() || *c == ' ') {
        if reason.push(c).is_err() {
            break;
        }
    }
    reason
}

crate::share::redacted!(MessageWriter MessageReader);

/// Writes one message of packed fields.
pub struct MessageWriter<'b> {
    buffer: &'b mut [u8],
    at: usize,
    packer: Packer,
}

impl<'b> MessageWriter<'b> {
    /// Frames are as large as `buffer`, which has at least 16 bytes.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, at: 0, packer: Packer::default() }
    }

    /// Appends `width`-bit fields, sending frames as they fill.
    pub async fn push<T: Transport>(
        &mut self,
        transport: &mut T,
        width: u8,
        mut values: &[u32],
    ) -> Result<(), MessageError<T::Error>> {
        while width > 0 && !values.is_empty() {
            let count = self.packer.fitting(self.buffer.len() - self.at, width).min(values.len());
            self.at += self.packer.push(width, &values[..count], &mut self.buffer[self.at..]);
            values = &values[count..];
            if !values.is_empty() {
                self.send(transport).await?;
            }
        }
        Ok(())
    }

    /// Completes and sends the message.
    pub async fn finish<T: Transport>(mut self, transport: &mut T) -> Result<(), MessageError<T::Error>> {
        if self.buffer.len() - self.at < 8 {
            self.send(transport).await?;
        }
        self.at += self.packer.finish(&mut self.buffer[self.at..]);
        if self.at > 0 {
            self.send(transport).await?;
        }
        Ok(transport.flush().await?)
    }

    async fn send<T: Transport>(&mut self, transport: &mut T) -> Result<(), MessageError<T::Error>> {
        transport.send(FrameKind::Data, &self.buffer[..self.at]).await?;
        self.at = 0;
        Ok(())
    }
}

/// Reads one message of packed fields, whose length the plan gives.
pub struct MessageReader<'b> {
    buffer: &'b mut [u8],
    at: usize,
    len: usize,
    left: u64,
    unpacker: Unpacker,
}

impl<'b> MessageReader<'b> {
    /// Expects a message of `bits` bits in frames that fit into `buffer`.
    pub fn new(buffer: &'b mut [u8], bits: u64) -> Self {
        Self { buffer, at: 0, len: 0, left: bytes(bits), unpacker: Unpacker::default() }
    }

    /// Fills `out` with `width`-bit fields, waiting for frames as needed.
    pub async fn pull<T: Transport>(
        &mut self,
        transport: &mut T,
        width: u8,
        out: &mut [u32],
    ) -> Result<(), MessageError<T::Error>> {
        if width == 0 {
            out.fill(0);
            return Ok(());
        }
        let mut done = 0;
        loop {
            let (used, more) = self.unpacker.pull(width, &self.buffer[self.at..self.len], &mut out[done..]);
            self.at += used;
            done += more;
            if done == out.len() {
                return Ok(());
            }
            self.next(transport).await?;
        }
    }

    async fn next<T: Transport>(&mut self, transport: &mut T) -> Result<(), MessageError<T::Error>> {
        let (kind, len) = transport.receive(self.buffer).await?;
        match kind {
            FrameKind::Data if len > 0 && len as u64 <= self.left => {}
            FrameKind::Data => return Err(MessageError::Length),
            FrameKind::Failed | FrameKind::Later => {
                return Err(MessageError::Refused(reason(&self.buffer[..len])));
            }
            other => return Err(MessageError::Unexpected(other)),
        }
        self.left -= len as u64;
        (self.at, self.len) = (0, len);
        Ok(())
    }

    /// Ends the message: nothing may be left but zero bits of the last byte.
    pub fn finish<E>(mut self) -> Result<(), MessageError<E>> {
        if self.left > 0 || self.len - self.at > 0 {
            return Err(MessageError::Length);
        }
        let clean = self.unpacker.is_clean();
        self.unpacker = Unpacker::default();
        if clean { Ok(()) } else { Err(MessageError::Padding) }
    }
}
