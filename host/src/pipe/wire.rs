//! Frames on the wire, sealed or plain, and the tasks that read and write them.

use std::io::{Error, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use brelu_core::channel::{Opener, RECORD_HEADER, RECORD_OVERHEAD, RECORD_TAG, Sealer, record_body};
use brelu_core::transport::{FRAME_HEADER, MAX_PAYLOAD, decode_header, encode_header};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::{Ahead, Frame, NetError, Payload, cost};

/// Reads frames.
pub(super) struct Reader<S> {
    peer: &'static str,
    stream: S,
    opener: Option<Opener>,
}

impl<S: AsyncRead + Unpin> Reader<S> {
    pub(super) fn new(peer: &'static str, stream: S, opener: Option<Opener>) -> Self {
        Self { peer, stream, opener }
    }

    async fn exactly(&mut self, buffer: &mut [u8]) -> Result<(), NetError> {
        let peer = self.peer;
        let broken = |error: Error| match error.kind() {
            ErrorKind::UnexpectedEof => NetError::Closed(peer),
            _ => NetError::Broken { peer, error: error.to_string() },
        };
        self.stream.read_exact(buffer).await.map(drop).map_err(broken)
    }

    async fn frame(&mut self) -> Result<Frame, NetError> {
        match self.opener.take() {
            Some(mut opener) => {
                let frame = self.sealed(&mut opener).await?;
                self.opener = Some(opener);
                Ok(frame)
            }
            None => self.plain().await,
        }
    }

    async fn plain(&mut self) -> Result<Frame, NetError> {
        let (mut header, peer) = ([0; FRAME_HEADER], self.peer);
        self.exactly(&mut header).await?;
        let (kind, len) =
            decode_header(header, MAX_PAYLOAD).map_err(|error| NetError::Frame { peer, error })?;
        let mut payload = Payload::new(vec![0; len]);
        self.exactly(&mut payload).await?;
        Ok((kind, payload))
    }

    async fn sealed(&mut self, opener: &mut Opener) -> Result<Frame, NetError> {
        let (mut header, peer) = ([0; RECORD_HEADER], self.peer);
        let failed = |error| NetError::Record { peer, error };
        self.exactly(&mut header).await?;
        let len = record_body(header, MAX_PAYLOAD).map_err(failed)?;
        let mut body = Payload::new(vec![0; len]);
        self.exactly(&mut body).await?;
        let (kind, len) = opener.open(header, &mut body).map_err(failed)?;
        body.copy_within(1..=len, 0);
        body.truncate(len);
        Ok((kind, body))
    }
}

pub(super) async fn read_frames(
    mut reader: Reader<impl AsyncRead + Unpin>,
    out: mpsc::UnboundedSender<Result<Frame, NetError>>,
    ahead: Arc<Ahead>,
) {
    loop {
        let next = async {
            ahead.room().await;
            reader.frame().await
        };
        let frame = tokio::select! {
            frame = next => frame,
            () = out.closed() => return,
        };
        ahead.unread.fetch_add(frame.as_ref().map_or(0, |frame| cost(&frame.1)), Relaxed);
        let last = frame.is_err();
        if out.send(frame).is_err() || last {
            return;
        }
    }
}

/// Writes frames.
pub(super) struct Writer<S> {
    stream: S,
    sealer: Option<Sealer>,
    record: Payload,
}

impl<S: AsyncWrite + Unpin> Writer<S> {
    pub(super) fn new(stream: S, sealer: Option<Sealer>) -> Self {
        Self { stream, sealer, record: Payload::default() }
    }

    async fn frame(&mut self, (kind, payload): &Frame) -> Result<(), Error> {
        let Some(sealer) = &mut self.sealer else {
            self.stream.write_all(&encode_header(*kind, payload.len())).await?;
            return self.stream.write_all(payload).await;
        };
        let len = payload.len() + RECORD_OVERHEAD;
        if self.record.len() < len {
            self.record.resize(len, 0);
        }
        let record = &mut self.record[..len];
        record[RECORD_HEADER + 1..len - RECORD_TAG].copy_from_slice(payload);
        sealer.seal(*kind, record).map_err(Error::other)?;
        self.stream.write_all(record).await
    }
}

/// A peer that takes nothing for as long as the time-out ends the connection.
pub(super) async fn write_frames(
    mut writer: Writer<impl AsyncWrite + Unpin>,
    mut frames: mpsc::Receiver<Frame>,
    timeout: Duration,
) {
    while let Some(frame) = frames.recv().await {
        let idle = frames.is_empty();
        let write = async {
            writer.frame(&frame).await?;
            if idle { writer.stream.flush().await } else { Ok(()) }
        };
        if !matches!(tokio::time::timeout(timeout, write).await, Ok(Ok(()))) {
            return;
        }
    }
    // Nobody is left to hear of a failure here.
    drop(tokio::time::timeout(timeout, writer.stream.shutdown()).await);
}
