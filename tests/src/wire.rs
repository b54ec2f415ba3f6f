//! Connections in memory with a tap on what passes: frames as a party sees them, or records as somebody on the way does.

use std::sync::Arc;

use brelu_core::channel::{ANSWER_LEN, FIRST_OVERHEAD, RECORD_HEADER};
use brelu_core::transport::{FRAME_HEADER, FrameKind, MAX_PAYLOAD, decode_header, encode_header};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};

/// A directed link between two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Client to server.
    ClientServer,
    /// Server to client.
    ServerClient,
    /// Server to dealer.
    ServerDealer,
    /// Dealer to server.
    DealerServer,
    /// Device to delegate.
    DeviceDelegate,
    /// Delegate to device.
    DelegateDevice,
    /// Device to server.
    DeviceServer,
    /// Server to device.
    ServerDevice,
}

/// One frame on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: FrameKind,
    /// What it says.
    pub payload: Vec<u8>,
}

/// Sees the `index`-th frame of a link and says what arrives in its place.
pub type Tap = Arc<dyn Fn(Link, usize, Frame) -> Vec<Frame> + Send + Sync>;

/// A tap that lets everything through.
pub fn honest() -> Tap {
    Arc::new(|_, _, frame| vec![frame])
}

/// One record on its way: the first two are the messages of the handshake, the others begin with their length.
pub type Record = Vec<u8>;

/// Sees the `index`-th record of a link and says what arrives in its place.
pub type RecordTap = Arc<dyn Fn(Link, usize, Record) -> Vec<Record> + Send + Sync>;

/// What is between the parties.
#[derive(Clone)]
pub enum Wire {
    /// Frames in the clear after a handshake that is only said to have happened, as a party of the protocol sees them.
    Frames(Tap),
    /// The secure channel, as somebody on the way sees it.
    Records(RecordTap),
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Wire::Frames(_) => "Wire::Frames",
            Wire::Records(_) => "Wire::Records",
        })
    }
}

impl Wire {
    /// A connection in memory whose frames or records pass the tap in both directions.
    pub(crate) fn tapped(&self, there: Link, back: Link) -> (DuplexStream, DuplexStream) {
        let (near, near_inner) = duplex(1 << 16);
        let (far, far_inner) = duplex(1 << 16);
        let (near_read, near_write) = split(near_inner);
        let (far_read, far_write) = split(far_inner);
        match self {
            Wire::Frames(tap) => {
                tokio::spawn(pass(tap.clone(), there, near_read, far_write));
                tokio::spawn(pass(tap.clone(), back, far_read, near_write));
            }
            Wire::Records(tap) => {
                tokio::spawn(pass_records(tap.clone(), there, FIRST_OVERHEAD, near_read, far_write));
                tokio::spawn(pass_records(tap.clone(), back, ANSWER_LEN, far_read, near_write));
            }
        }
        (near, far)
    }
}

async fn pass(tap: Tap, link: Link, mut from: ReadHalf<DuplexStream>, mut to: WriteHalf<DuplexStream>) {
    let mut index = 0;
    while let Some(frame) = read(&mut from).await {
        for frame in tap(link, index, frame) {
            if write(&mut to, &frame).await.is_none() {
                return;
            }
        }
        index += 1;
    }
    let _ = to.shutdown().await;
}

async fn pass_records(
    tap: RecordTap,
    link: Link,
    handshake: usize,
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
) {
    let mut index = 0;
    while let Some(record) = read_record(&mut from, if index == 0 { handshake } else { 0 }).await {
        for record in tap(link, index, record) {
            if to.write_all(&record).await.is_err() {
                return;
            }
        }
        index += 1;
    }
    let _ = to.shutdown().await;
}

/// A record of `fixed` bytes, or of as many as its first bytes say.
async fn read_record(from: &mut ReadHalf<DuplexStream>, fixed: usize) -> Option<Record> {
    let mut record = vec![0; if fixed > 0 { fixed } else { RECORD_HEADER }];
    from.read_exact(&mut record).await.ok()?;
    if fixed == 0 {
        let len = u32::from_le_bytes([record[0], record[1], record[2], 0]) as usize;
        record.resize(RECORD_HEADER + len, 0);
        from.read_exact(&mut record[RECORD_HEADER..]).await.ok()?;
    }
    Some(record)
}

async fn read(from: &mut ReadHalf<DuplexStream>) -> Option<Frame> {
    let mut header = [0; FRAME_HEADER];
    from.read_exact(&mut header).await.ok()?;
    let (kind, len) = decode_header(header, MAX_PAYLOAD).ok()?;
    let mut payload = vec![0; len];
    from.read_exact(&mut payload).await.ok()?;
    Some(Frame { kind, payload })
}

async fn write(to: &mut WriteHalf<DuplexStream>, frame: &Frame) -> Option<()> {
    to.write_all(&encode_header(frame.kind, frame.payload.len())).await.ok()?;
    to.write_all(&frame.payload).await.ok()
}
