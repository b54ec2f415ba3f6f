//! Why a session of a server, dealer or client ended early.

mod told;

use brelu_core::channel::KeyId;
use brelu_core::client::ClientError;
use brelu_core::plan::PlanError;
use brelu_core::transport::{FrameKind, MessageError};

use crate::keys::{KeyError, KeyFileError};
use crate::limits::Excess;
use crate::pipe::NetError;
use crate::quota::UsedUp;
use crate::state::StateError;
use brelu_kernels::ring::KernelError;

/// Why a session ended early.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The connection.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The keys.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// What the plan takes.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// The kernels.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// What is kept on disk, or its limits.
    #[error(transparent)]
    State(#[from] StateError),
    /// A key file or a list of keys.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The client has another plan than the server.
    #[error(
        "client and server have different plans: give the client the .plan file that the server was started with"
    )]
    OtherPlan,
    /// A frame that has no meaning here.
    #[error("the {peer} sent a {got:?} frame that has no place here: it does not keep to the protocol")]
    Frame {
        /// Who.
        peer: &'static str,
        /// What it sent.
        got: FrameKind,
    },
    /// An inference number was used before.
    #[error(
        "inference number {number} was asked for after {last}: numbers only grow, so that no mask is used twice"
    )]
    Reused {
        /// The number asked for.
        number: u64,
        /// The last one used.
        last: u64,
    },
    /// The client trusts another dealer than the server works with.
    #[error(
        "the client trusts the dealer with key {client}, this server works with the dealer with key {server}: give both \
         the same dealer"
    )]
    OtherDealer {
        /// The client's.
        client: KeyId,
        /// The server's.
        server: KeyId,
    },
    /// The client's words for the dealer.
    #[error(
        "the client's words for the dealer cannot be read: the server altered them, or works with another plan than it says"
    )]
    Greeting,
    /// A quota is used up.
    #[error("the quota of {peer} {key} is used up, {used_up}")]
    Quota {
        /// Whose.
        peer: &'static str,
        /// Its key.
        key: KeyId,
        /// Which limit, and when it is possible again.
        used_up: UsedUp,
    },
    /// More sessions than one client may have.
    #[error("a client may have {0} sessions at a time here: end one first")]
    TooManySessions(usize),
    /// A delegate whose device does not come.
    #[error("device {device} did not bring its input for inference {number} in time")]
    NoDevice {
        /// The inference.
        number: u64,
        /// The device that was to bring it.
        device: KeyId,
    },
    /// A device whose delegate does not come.
    #[error("nobody runs inference {0}: the delegate did not ask for it in time")]
    NoDelegate(u64),
    /// A delegation that another session is already on.
    #[error("inference {0} is under way in another session: nothing is used twice")]
    DelegationTwice(u64),
    /// An inference that ended before there was an output.
    #[error("inference {0} ended before there was a result: ask the delegate for another one")]
    DelegationFailed(u64),
    /// An inference that the delegate's session was refused, in the words for the device.
    #[error("{0}")]
    DelegationRefused(String),
    /// An inference that was not prepared.
    #[error("inference {0} is not prepared: prepare it first")]
    NotPrepared(u64),
    /// What the dealer got is not what was announced.
    #[error("the model that arrived is not the one announced: send it again")]
    ModelHash,
    /// What a server greets a dealer with.
    #[error("the {0}'s first words are not of this protocol")]
    Hello(&'static str),
    /// A plan larger than the dealer takes.
    #[error(
        "the plan has {bytes} bytes, this dealer takes at most {most}: ask whoever runs it for more (--plan-bytes)"
    )]
    PlanSize {
        /// Bytes of the plan.
        bytes: u64,
        /// Bytes of the largest one.
        most: u64,
    },
    /// A model beyond the share of a server.
    #[error(
        "a model of {bytes} bytes is larger than the {most} bytes that one server may have at this dealer: ask whoever runs \
         it for more"
    )]
    ModelShare {
        /// Bytes of the model.
        bytes: u64,
        /// Bytes of the share.
        most: u64,
    },
    /// The share of a server is in use.
    #[error(
        "this dealer has no room for another model of this server at the moment: it keeps {0} of one server at most, and \
         sessions use them or bring them"
    )]
    ModelsInUse(usize),
    /// More sessions than one server may have.
    #[error("a server may have {0} sessions at a time at this dealer: end one first")]
    TooManyOfServer(usize),
    /// A server's store that the dealer knows to be an old copy.
    #[error(
        "what was prepared here is older than the dealer remembers, and is discarded so that nothing is used twice: prepare \
         anew"
    )]
    OldStore,
    /// Somebody is not there.
    #[error("no {peer} answers at {address} ({error}): start it, or give the address it listens on")]
    Unreachable {
        /// Who.
        peer: &'static str,
        /// Where it should be.
        address: String,
        /// The system's words.
        error: String,
    },
    /// The client's walk through the plan.
    #[error(transparent)]
    Client(ClientError<NetError>),
    /// The memory of a client serves another one.
    #[error("this client's memory is in use by another session of it")]
    InUse,
    /// A computation was cut off by the end of the process.
    #[error("a computation was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl SessionError {
    /// Whether another attempt may go better.
    pub const fn is_passing(&self) -> bool {
        match self {
            SessionError::Net(error) => error.is_passing(),
            // What takes the room may be a session of the same client that nobody has missed yet.
            SessionError::State(
                StateError::Reused { .. }
                | StateError::Full { .. }
                | StateError::Behind { .. }
                | StateError::Older { .. }
                | StateError::Leap { .. },
            ) => true,
            SessionError::Unreachable { .. } | SessionError::TooManySessions(_) => true,
            SessionError::TooManyOfServer(_) | SessionError::ModelsInUse(_) | SessionError::OldStore => true,
            _ => false,
        }
    }
}

impl From<ClientError<NetError>> for SessionError {
    fn from(error: ClientError<NetError>) -> Self {
        match error {
            ClientError::Message(MessageError::Transport(error)) => SessionError::Net(error),
            other => SessionError::Client(other),
        }
    }
}
