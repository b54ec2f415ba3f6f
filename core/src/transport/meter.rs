//! A transport that counts.

use super::{FrameKind, Transport};

/// Frames and bytes of both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Payload bytes of data frames sent.
    pub sent: u64,
    /// Payload bytes of data frames received.
    pub received: u64,
    /// Frames sent, of any kind.
    pub frames_sent: u64,
    /// Frames received, of any kind.
    pub frames_received: u64,
}

/// Counts what passes through `T`.
#[derive(Debug)]
pub struct Metered<T> {
    inner: T,
    counts: Counts,
}

impl<T> Metered<T> {
    /// Starts at zero.
    pub const fn new(inner: T) -> Self {
        let counts = Counts { sent: 0, received: 0, frames_sent: 0, frames_received: 0 };
        Self { inner, counts }
    }

    /// What has passed so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The transport itself.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: Transport> Transport for Metered<T> {
    type Error = T::Error;

    async fn send(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), T::Error> {
        self.inner.send(kind, payload).await?;
        self.counts.frames_sent += 1;
        self.counts.sent += if kind == FrameKind::Data { payload.len() as u64 } else { 0 };
        Ok(())
    }

    async fn receive(&mut self, buffer: &mut [u8]) -> Result<(FrameKind, usize), T::Error> {
        let (kind, len) = self.inner.receive(buffer).await?;
        self.counts.frames_received += 1;
        self.counts.received += if kind == FrameKind::Data { len as u64 } else { 0 };
        Ok((kind, len))
    }

    async fn flush(&mut self) -> Result<(), T::Error> {
        self.inner.flush().await
    }
}
