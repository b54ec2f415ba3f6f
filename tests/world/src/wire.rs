use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::{PublicKey, SessionKeys};
use brelu_core::prf::PairKey;
use brelu_host::pipe::Pipe;
use brelu_host::secure::Connection;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex, split};

use super::{Act, Cut, Line, Route, Tap};

/// Bytes a connection holds, about what sockets hold.
const PIPE: usize = 1 << 18;

/// Gives the tap of a new connection whose links are this one and back.
pub type Taps = Arc<dyn Fn(Route) -> Tap + Send + Sync>;

/// What is between the parties.
#[derive(Clone)]
pub struct Wire {
    /// Frames in the clear after a handshake that is only said to have happened, or records of the secure channel.
    pub cut: Cut,
    /// Taps on all connections, if there are some.
    pub taps: Option<Taps>,
    /// How long a peer may be silent in the middle of a message.
    pub patience: Duration,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wire({:?})", self.cut)
    }
}

impl Wire {
    /// The two ends of a connection in memory, whose first link is `there`.
    pub fn pair(&self, there: Route) -> (DuplexStream, DuplexStream) {
        let (near, inner) = duplex(PIPE);
        match self.taps {
            Some(_) => (near, self.extend(there, split(inner))),
            None => (near, inner),
        }
    }

    /// The far end of a connection whose near end is elsewhere, at the other end of `near`.
    pub fn extend(
        &self,
        there: Route,
        near: (impl AsyncRead + Unpin + Send + 'static, impl AsyncWrite + Unpin + Send + 'static),
    ) -> DuplexStream {
        let (far, inner) = duplex(PIPE);
        let pass: Tap = Arc::new(|_, _, _| Act::Pass.into());
        let tap = self.taps.as_ref().map_or(pass, |taps| taps(there));
        tokio::spawn(Line { there, cut: self.cut, tap }.join(near, split(inner)));
        far
    }

    /// A connection in the clear to `peer`, known by `key`, as if there had been a handshake that agreed on `root`.
    pub fn clear(
        &self,
        peer: &'static str,
        end: DuplexStream,
        key: PublicKey,
        root: [u8; PairKey::LEN],
    ) -> Connection {
        let (reader, writer) = split(end);
        let keys = SessionKeys::new(key, PairKey::new(root));
        Connection::new(Pipe::new(peer, reader, writer, self.patience, None), keys)
    }
}
