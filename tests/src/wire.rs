//! Connections in memory with a tap on what passes: frames as a party sees them, or records as somebody on the way does.

use std::sync::Arc;

use brelu_core::transport::{FRAME_HEADER, FrameKind, MAX_PAYLOAD, decode_header, encode_header};
use brelu_world::{Cut, Fate};

use crate::parties::TIMEOUT;

pub use brelu_world::Route;

/// One frame on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: FrameKind,
    /// What it says.
    pub payload: Vec<u8>,
}

/// Sees the `index`-th frame of a link and says what arrives in its place.
pub type Tap = Arc<dyn Fn(Route, usize, Frame) -> Vec<Frame> + Send + Sync>;

/// A tap that lets everything through.
pub fn honest() -> Tap {
    Arc::new(|_, _, frame| vec![frame])
}

/// One record on its way: the first two are the messages of the handshake, the others begin with their length.
pub type Record = Vec<u8>;

/// Sees the `index`-th record of a link and says what arrives in its place.
pub type RecordTap = Arc<dyn Fn(Route, usize, Record) -> Vec<Record> + Send + Sync>;

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
    /// The wire that lets arrive what the tap says.
    pub(crate) fn tapped(self) -> brelu_world::Wire {
        let (cut, tap): (Cut, brelu_world::Tap) = match self {
            Self::Frames(tap) => (
                Cut::Frames,
                Arc::new(move |link, index, piece| {
                    let frames = Frame::parse(piece).map(|frame| tap(link, index, frame));
                    Fate::Instead(frames.unwrap_or_default().iter().map(Frame::bytes).collect())
                }),
            ),
            Self::Records(tap) => (
                Cut::Records,
                Arc::new(move |link, index, piece| Fate::Instead(tap(link, index, piece.to_vec()))),
            ),
        };
        brelu_world::Wire { cut, taps: Some(Arc::new(move |_| tap.clone())), patience: TIMEOUT }
    }
}

impl Frame {
    fn parse(piece: &[u8]) -> Option<Self> {
        let (header, payload) = piece.split_first_chunk::<FRAME_HEADER>()?;
        let (kind, _) = decode_header(*header, MAX_PAYLOAD).ok()?;
        Some(Self { kind, payload: payload.to_vec() })
    }

    fn bytes(&self) -> Vec<u8> {
        [&encode_header(self.kind, self.payload.len())[..], &self.payload].concat()
    }
}
