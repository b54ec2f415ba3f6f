//! Why a session of a server, dealer or client ended early.

use brelu_core::client::ClientError;
use brelu_core::plan::PlanError;
use brelu_core::transport::{FrameKind, MessageError};

use crate::kernel::KernelError;
use crate::keys::KeyError;
use crate::pipe::NetError;

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
    /// The kernels.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// Another version of the protocol.
    #[error(
        "the {peer} speaks version {theirs} of the protocol, this party version {}: update the older one",
        crate::hello::PROTOCOL_VERSION
    )]
    Version {
        /// Who.
        peer: &'static str,
        /// Its version.
        theirs: u16,
    },
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
    /// More prepared inferences than the server keeps.
    #[error("this server keeps {0} prepared inferences a client: run one before preparing more")]
    Full(usize),
    /// An inference that was not prepared.
    #[error("inference {0} is not prepared: prepare it first")]
    NotPrepared(u64),
    /// What the dealer got is not what was announced.
    #[error("the model that arrived is not the one announced: send it again")]
    ModelHash,
    /// A plan beyond all measure.
    #[error("a plan of {0} bytes is larger than a dealer takes")]
    PlanSize(u32),
    /// The dealer has all the plans it keeps.
    #[error("this dealer keeps {0} plans and has them all: restart it to make room")]
    TooManyPlans(usize),
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
    /// A computation was cut off by the end of the process.
    #[error("a computation was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl From<ClientError<NetError>> for SessionError {
    fn from(error: ClientError<NetError>) -> Self {
        match error {
            ClientError::Message(MessageError::Transport(error)) => SessionError::Net(error),
            other => SessionError::Client(other),
        }
    }
}
