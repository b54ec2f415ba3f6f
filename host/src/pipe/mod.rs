//! Frames over any asynchronous byte stream, with tasks that read and write ahead while parties compute.
//!
//! Reading ahead is bounded by bytes, not by frames: a party must be able to receive a whole layer while it still sends
//! one, or both ends would wait for each other. Beyond the bound nothing is read until the party catches up.

mod error;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use brelu_core::bits::{bytes, is_padded};
use brelu_core::channel::{Opener, Sealer};
use brelu_core::transport::{FrameKind, FramedError, MAX_PAYLOAD, Transport};
use tokio::io::{AsyncRead, AsyncWrite, BufReader, BufWriter};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::growing::Growing;
pub use error::NetError;
use wire::{Reader, Writer, read_frames, write_frames};

/// What a frame says; wiped on drop.
pub type Payload = Zeroizing<Vec<u8>>;

type Frame = (FrameKind, Payload);

/// One connection. Dropping it closes the connection after what was sent is out.
#[derive(Debug)]
pub struct Pipe {
    peer: &'static str,
    incoming: mpsc::UnboundedReceiver<Result<Frame, NetError>>,
    outgoing: mpsc::Sender<Frame>,
    ahead: Arc<Ahead>,
    timeout: Duration,
    payload: usize,
    received: u64,
    sent: u64,
}

/// Bytes read ahead before the plan is known.
const HANDSHAKE_LIMIT: u64 = 1 << 18;

/// What a frame counts beyond its payload, so that a flood of empty ones is bounded too.
const FRAME_COST: u64 = 64;

/// Bytes a second below which a message is too slow.
const SLOWEST: u64 = 4096;

/// The two directions of a secure connection.
pub type Ends = (Sealer, Opener);

fn cost(payload: &[u8]) -> u64 {
    payload.len() as u64 + FRAME_COST
}

/// How far the reader is ahead of the party, and how far it may be.
#[derive(Debug)]
struct Ahead {
    unread: AtomicU64,
    limit: AtomicU64,
    changed: Notify,
}

impl Ahead {
    async fn room(&self) {
        while self.unread.load(Relaxed) > self.limit.load(Relaxed) {
            self.changed.notified().await;
        }
    }

    fn taken(&self, bytes: u64) {
        self.unread.fetch_sub(bytes, Relaxed);
        self.changed.notify_one();
    }
}

impl Pipe {
    /// Starts reading and writing; call it inside a tokio runtime. `peer` names the other end in errors.
    ///
    /// Without `ends` nothing is encrypted: for tests of parties, and to measure what encryption costs.
    pub fn new(
        peer: &'static str,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        timeout: Duration,
        ends: Option<Ends>,
    ) -> Self {
        let (unread, limit) = (AtomicU64::new(0), AtomicU64::new(HANDSHAKE_LIMIT));
        let ahead = Arc::new(Ahead { unread, limit, changed: Notify::new() });
        let (send_in, incoming) = mpsc::unbounded_channel();
        let (outgoing, take_out) = mpsc::channel(64);
        let (sealer, opener) = ends.unzip();
        let reader = Reader::new(peer, BufReader::with_capacity(1 << 17, reader), opener);
        let writer = Writer::new(BufWriter::with_capacity(1 << 17, writer), sealer);
        tokio::spawn(read_frames(reader, send_in, ahead.clone()));
        tokio::spawn(write_frames(writer, take_out, timeout));
        Self { peer, incoming, outgoing, ahead, timeout, payload: MAX_PAYLOAD, received: 0, sent: 0 }
    }

    /// Allows the peer to be `bytes` bytes ahead of this party.
    pub fn allow(&mut self, bytes: u64) {
        // Frames of 64 bytes count twice.
        self.ahead.limit.store(bytes.saturating_mul(2) + HANDSHAKE_LIMIT, Relaxed);
        self.ahead.changed.notify_one();
    }

    /// Sends no payload larger than `bytes`, because the peer has no room for more.
    pub fn limit_payload(&mut self, bytes: usize) {
        self.payload = bytes.clamp(64, MAX_PAYLOAD);
    }

    /// Payload bytes of data frames (received, sent) so far.
    pub fn counts(&self) -> (u64, u64) {
        (self.received, self.sent)
    }

    /// Sends one frame.
    ///
    /// # Errors
    /// If the connection is gone.
    pub async fn send_frame(&mut self, kind: FrameKind, payload: Vec<u8>) -> Result<(), NetError> {
        let payload = Payload::new(payload);
        self.sent += if kind == FrameKind::Data { payload.len() as u64 } else { 0 };
        if self.outgoing.send((kind, payload)).await.is_ok() {
            return Ok(());
        }
        // The reader knows better why the connection ended.
        while let Ok(frame) = self.incoming.try_recv() {
            self.judge(frame?)?;
        }
        Err(NetError::Closed(self.peer))
    }

    /// Waits for a frame, for as long as the time-out says.
    ///
    /// # Errors
    /// A time-out, the end of the connection, garbage, or the peer's own [`FrameKind::Failed`].
    pub async fn receive_frame(&mut self) -> Result<Frame, NetError> {
        self.receive_within(self.timeout).await
    }

    /// As [`Self::receive_frame`], with another time-out.
    ///
    /// # Errors
    /// As there.
    pub async fn receive_within(&mut self, patience: Duration) -> Result<Frame, NetError> {
        let silent = NetError::TimedOut { peer: self.peer, seconds: patience.as_secs() };
        let frame = tokio::time::timeout(patience, self.incoming.recv()).await.map_err(|_| silent)?;
        let frame = frame.unwrap_or(Err(NetError::Closed(self.peer)))?;
        self.ahead.taken(cost(&frame.1));
        self.received += if frame.0 == FrameKind::Data { frame.1.len() as u64 } else { 0 };
        self.judge(frame)
    }

    fn judge(&self, (kind, payload): Frame) -> Result<Frame, NetError> {
        let printable = |c: &char| !c.is_control();
        let reason = || String::from_utf8_lossy(&payload).chars().filter(printable).take(300).collect();
        match kind {
            FrameKind::Failed => Err(NetError::Refused { peer: self.peer, reason: reason() }),
            FrameKind::Later => Err(NetError::Later { peer: self.peer, reason: reason() }),
            _ => Ok((kind, payload)),
        }
    }

    /// Waits for a frame of one kind.
    ///
    /// # Errors
    /// As [`Self::receive_frame`], or another kind of frame.
    pub async fn receive_kind(&mut self, kind: FrameKind, want: &'static str) -> Result<Payload, NetError> {
        let frame = self.receive_frame().await?;
        self.expect(frame, kind, want)
    }

    fn expect(
        &self,
        (got, payload): Frame,
        kind: FrameKind,
        want: &'static str,
    ) -> Result<Payload, NetError> {
        if got == kind { Ok(payload) } else { Err(NetError::Unexpected { peer: self.peer, got, want }) }
    }

    /// Sends a piece of a message, cut into frames.
    ///
    /// # Errors
    /// If the connection is gone.
    pub async fn send_data(&mut self, data: &[u8]) -> Result<(), NetError> {
        for piece in data.chunks(self.payload) {
            self.send_frame(FrameKind::Data, piece.to_vec()).await?;
        }
        Ok(())
    }

    /// Waits for a message of `bits` bits, which has to come at 4096 bytes a second at least. Memory is taken for what has
    /// come of it, not for what was announced.
    ///
    /// # Errors
    /// As [`Self::receive_frame`], or a message of another length.
    pub async fn receive_message(&mut self, bits: u64) -> Result<Payload, NetError> {
        let want = bytes(bits) as usize;
        let mut message = Growing::default();
        let end = Instant::now() + self.timeout + Duration::from_secs(want as u64 / SLOWEST);
        while message.len() < want {
            let left = end.saturating_duration_since(Instant::now()).min(self.timeout);
            let frame = self.receive_within(left).await.map_err(|error| self.too_slow(error))?;
            let piece = self.expect(frame, FrameKind::Data, "a piece of a message")?;
            if piece.is_empty() || piece.len() > want - message.len() {
                return Err(NetError::Length(self.peer));
            }
            message.push(&piece, want);
        }
        let message = message.finish();
        if is_padded(&message, bits) { Ok(message) } else { Err(NetError::Length(self.peer)) }
    }

    /// A time-out says how long a party waits, not how much was left of it.
    fn too_slow(&self, error: NetError) -> NetError {
        match error {
            NetError::TimedOut { peer, .. } => NetError::TimedOut { peer, seconds: self.timeout.as_secs() },
            other => other,
        }
    }

    /// Tells the peer why this party gives up, as far as the peer still listens.
    pub async fn fail(&mut self, reason: &str) {
        self.part(FrameKind::Failed, reason).await;
    }

    /// Tells the peer to come back later, as far as it still listens.
    pub async fn postpone(&mut self, reason: &str) {
        self.part(FrameKind::Later, reason).await;
    }

    async fn part(&mut self, kind: FrameKind, reason: &str) {
        let reason: String = reason.chars().take(300).collect();
        let words = Payload::new(reason.into_bytes());
        // The connection may be gone already, which is why this party gives up.
        drop(tokio::time::timeout(self.timeout, self.outgoing.send((kind, words))).await);
    }
}

impl Transport for Pipe {
    type Error = NetError;

    async fn send(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), NetError> {
        self.send_frame(kind, payload.to_vec()).await
    }

    async fn receive(&mut self, buffer: &mut [u8]) -> Result<(FrameKind, usize), NetError> {
        let (kind, payload) = self.receive_frame().await?;
        let error = FramedError::TooLong { got: payload.len(), room: buffer.len() };
        let room = buffer.get_mut(..payload.len()).ok_or(NetError::Frame { peer: self.peer, error })?;
        room.copy_from_slice(&payload);
        Ok((kind, payload.len()))
    }

    async fn flush(&mut self) -> Result<(), NetError> {
        Ok(())
    }
}
