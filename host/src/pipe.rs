//! Frames over any asynchronous byte stream, with tasks that read and write ahead while parties compute.
//!
//! Reading ahead is bounded by bytes, not by frames: a party must be able to receive a whole layer while it still sends
//! one, or both ends would wait for each other. Beyond the bound nothing is read until the party catches up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use brelu_core::bits::{bytes, is_padded};
use brelu_core::transport::{
    FRAME_HEADER, FrameKind, FramedError, MAX_PAYLOAD, Transport, decode_header, encode_header,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, BufWriter};
use tokio::sync::{Notify, mpsc};

/// Why a connection cannot be used any further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Nothing can be heard from the peer.
    #[error(
        "nothing came from the {peer} for {seconds} seconds: check that it runs and that the network lets it through"
    )]
    TimedOut {
        /// Who is silent.
        peer: &'static str,
        /// For how long.
        seconds: u64,
    },
    /// The connection ended.
    #[error("the {0} closed the connection")]
    Closed(&'static str),
    /// The connection broke.
    #[error("the connection to the {peer} failed: {error}")]
    Broken {
        /// To whom.
        peer: &'static str,
        /// The system's words.
        error: String,
    },
    /// Not frames, or too large ones.
    #[error("the {peer} does not keep to the protocol: {error}")]
    Frame {
        /// Who.
        peer: &'static str,
        /// What was wrong.
        error: FramedError,
    },
    /// Frames in the wrong place.
    #[error("the {peer} sent a {got:?} frame where {want} was expected")]
    Unexpected {
        /// Who.
        peer: &'static str,
        /// What came.
        got: FrameKind,
        /// What should have come.
        want: &'static str,
    },
    /// A message of the wrong length.
    #[error("the {0} sent a message of another length than the plan says")]
    Length(&'static str),
    /// The peer gave up, in its own words.
    #[error("the {peer} stopped: {reason}")]
    Refused {
        /// Who.
        peer: &'static str,
        /// Its words.
        reason: String,
    },
}

type Frame = (FrameKind, Vec<u8>);

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
const HANDSHAKE_LIMIT: u64 = 1 << 20;

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

    fn taken(&self, bytes: usize) {
        self.unread.fetch_sub(bytes as u64, Relaxed);
        self.changed.notify_one();
    }
}

impl Pipe {
    /// Starts reading and writing; call it inside a tokio runtime. `peer` names the other end in errors.
    pub fn new(
        peer: &'static str,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        timeout: Duration,
    ) -> Self {
        let (unread, limit) = (AtomicU64::new(0), AtomicU64::new(HANDSHAKE_LIMIT));
        let ahead = Arc::new(Ahead { unread, limit, changed: Notify::new() });
        let (send_in, incoming) = mpsc::unbounded_channel();
        let (outgoing, take_out) = mpsc::channel(64);
        tokio::spawn(read_frames(peer, BufReader::with_capacity(1 << 17, reader), send_in, ahead.clone()));
        tokio::spawn(write_frames(BufWriter::with_capacity(1 << 17, writer), take_out, timeout));
        Self { peer, incoming, outgoing, ahead, timeout, payload: MAX_PAYLOAD, received: 0, sent: 0 }
    }

    /// Allows the peer to be `bytes` bytes ahead of this party.
    pub fn allow(&mut self, bytes: u64) {
        self.ahead.limit.store(bytes + HANDSHAKE_LIMIT, Relaxed);
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
        self.ahead.taken(frame.1.len());
        self.received += if frame.0 == FrameKind::Data { frame.1.len() as u64 } else { 0 };
        self.judge(frame)
    }

    fn judge(&self, (kind, payload): Frame) -> Result<Frame, NetError> {
        if kind != FrameKind::Failed {
            return Ok((kind, payload));
        }
        let printable = |c: &char| !c.is_control();
        let reason = String::from_utf8_lossy(&payload).chars().filter(printable).take(300).collect();
        Err(NetError::Refused { peer: self.peer, reason })
    }

    /// Waits for a frame of one kind.
    ///
    /// # Errors
    /// As [`Self::receive_frame`], or another kind of frame.
    pub async fn receive_kind(&mut self, kind: FrameKind, want: &'static str) -> Result<Vec<u8>, NetError> {
        let (got, payload) = self.receive_frame().await?;
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

    /// Waits for a message of `bits` bits.
    ///
    /// # Errors
    /// As [`Self::receive_frame`], or a message of another length.
    pub async fn receive_message(&mut self, bits: u64) -> Result<Vec<u8>, NetError> {
        let want = bytes(bits) as usize;
        let mut message = Vec::with_capacity(want);
        while message.len() < want {
            let piece = self.receive_kind(FrameKind::Data, "a piece of a message").await?;
            if piece.is_empty() || message.len() + piece.len() > want {
                return Err(NetError::Length(self.peer));
            }
            message.extend_from_slice(&piece);
        }
        if is_padded(&message, bits) { Ok(message) } else { Err(NetError::Length(self.peer)) }
    }

    /// Tells the peer why this party gives up, as far as the peer still listens.
    pub async fn fail(&mut self, reason: &str) {
        let reason: String = reason.chars().take(300).collect();
        // The connection may be gone already, which is why this party gives up.
        drop(self.outgoing.send((FrameKind::Failed, reason.into_bytes())).await);
    }
}

async fn read_frames(
    peer: &'static str,
    mut stream: impl AsyncRead + Unpin,
    out: mpsc::UnboundedSender<Result<Frame, NetError>>,
    ahead: Arc<Ahead>,
) {
    loop {
        let next = async {
            ahead.room().await;
            read_frame(peer, &mut stream).await
        };
        let frame = tokio::select! {
            frame = next => frame,
            () = out.closed() => return,
        };
        ahead.unread.fetch_add(frame.as_ref().map_or(0, |frame| frame.1.len() as u64), Relaxed);
        let last = frame.is_err();
        if out.send(frame).is_err() || last {
            return;
        }
    }
}

async fn read_frame(peer: &'static str, stream: &mut (impl AsyncRead + Unpin)) -> Result<Frame, NetError> {
    let broken = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => NetError::Closed(peer),
        _ => NetError::Broken { peer, error: error.to_string() },
    };
    let mut header = [0; FRAME_HEADER];
    stream.read_exact(&mut header).await.map_err(broken)?;
    let (kind, len) = decode_header(header, MAX_PAYLOAD).map_err(|error| NetError::Frame { peer, error })?;
    let mut payload = vec![0; len];
    stream.read_exact(&mut payload).await.map_err(broken)?;
    Ok((kind, payload))
}

/// A peer that takes nothing for as long as the time-out ends the connection.
async fn write_frames(
    mut stream: impl AsyncWrite + Unpin,
    mut frames: mpsc::Receiver<Frame>,
    timeout: Duration,
) {
    while let Some((kind, payload)) = frames.recv().await {
        let idle = frames.is_empty();
        let write = async {
            stream.write_all(&encode_header(kind, payload.len())).await?;
            stream.write_all(&payload).await?;
            if idle { stream.flush().await } else { Ok(()) }
        };
        if !matches!(tokio::time::timeout(timeout, write).await, Ok(Ok(()))) {
            return;
        }
    }
    // Nobody is left to hear of a failure here.
    drop(tokio::time::timeout(timeout, stream.shutdown()).await);
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
