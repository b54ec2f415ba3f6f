use std::io::{ErrorKind, Result};

use brelu_core::channel::RECORD_HEADER;
use brelu_core::transport::{FRAME_HEADER, MAX_PAYLOAD, decode_header};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::Route;

/// What a stream is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Frames in the clear, as a party of the protocol sees them.
    Frames,
    /// The secure channel, as somebody on the way sees it: a handshake message of known length, then records that begin with
    /// their length ([`brelu_core::channel`]).
    Records,
}

impl Cut {
    /// The `index`-th piece of a link.
    pub(crate) async fn read(
        self,
        from: &mut (impl AsyncRead + Unpin),
        link: Route,
        index: usize,
    ) -> Result<Vec<u8>> {
        match (self, index) {
            (Self::Records, 0) => {
                let mut piece = vec![0; link.handshake()];
                from.read_exact(&mut piece).await?;
                Ok(piece)
            }
            (Self::Records, _) => {
                let length = |header: [u8; RECORD_HEADER]| {
                    Some(u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize)
                };
                headed(from, length).await
            }
            (Self::Frames, _) => {
                headed::<FRAME_HEADER>(from, |header| Some(decode_header(header, MAX_PAYLOAD).ok()?.1)).await
            }
        }
    }
}

/// A piece that begins with a header, which says the length of the rest.
async fn headed<const HEADER: usize>(
    from: &mut (impl AsyncRead + Unpin),
    length: impl FnOnce([u8; HEADER]) -> Option<usize>,
) -> Result<Vec<u8>> {
    let mut header = [0; HEADER];
    from.read_exact(&mut header).await?;
    let mut piece = header.to_vec();
    piece.resize(HEADER + length(header).ok_or(ErrorKind::InvalidData)?, 0);
    from.read_exact(&mut piece[HEADER..]).await?;
    Ok(piece)
}
