use brelu_core::channel::{HandshakeError, KeyId, RecordError};
use brelu_core::transport::{FrameKind, FramedError};

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
    /// No secure channel came about.
    #[error("no secure connection to the {peer}: {error}")]
    Handshake {
        /// Who.
        peer: &'static str,
        /// What went wrong.
        error: HandshakeError,
    },
    /// Who calls may not.
    #[error("the {peer} with key {key} is not on the list of those who may connect")]
    NotAuthorised {
        /// Who.
        peer: &'static str,
        /// Its key.
        key: KeyId,
    },
    /// A record that is none.
    #[error("the connection to the {peer} is not what it was: {error}")]
    Record {
        /// Who.
        peer: &'static str,
        /// What was wrong.
        error: RecordError,
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
    /// The peer has no time now, in its own words.
    #[error("the {peer} has to be tried again later: {reason}")]
    Later {
        /// Who.
        peer: &'static str,
        /// Its words.
        reason: String,
    },
    /// The peer gave up, in its own words.
    #[error("the {peer} stopped: {reason}")]
    Refused {
        /// Who.
        peer: &'static str,
        /// Its words.
        reason: String,
    },
}

impl NetError {
    /// Whether another attempt may go better: the connection is gone or the peer is busy, and nobody refused anything.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            NetError::TimedOut { .. }
                | NetError::Closed(_)
                | NetError::Broken { .. }
                | NetError::Later { .. }
                | NetError::Record { .. }
        )
    }
}
