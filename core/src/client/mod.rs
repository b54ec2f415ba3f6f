//! The client party: walks a plan over a transport, in memory that its caller owns.
//!
//! [`Client::prepare`] does the client's share of an inference before its input exists, [`Client::infer`] the rest.
//! Between the two nothing is stored but the inference number: every mask is regenerated from the key where it is
//! needed.

mod delegate;
mod greet;
mod input;
mod kernel;
mod memory;
mod offline;
mod online;
mod product;

pub use greet::{Greeted, Greeting, greet};
pub use input::Input;
pub use kernel::{LinearKernel, Part, Portable};
pub use memory::{Memory, Workspace};

use core::fmt;

use crate::channel::{Done, Number};
use crate::plan::Plan;
use crate::prf::PairKey;
use crate::transport::{FrameKind, MessageError, Transport};

/// The keys a client has after the handshake.
#[derive(Debug)]
pub struct ClientKeys {
    /// Shared with the dealer.
    pub dealer: PairKey,
    /// Seed of the weight component `W_cs`, shared with the server.
    pub weights: PairKey,
}

/// Why a client's call failed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError<E: fmt::Debug> {
    /// Exchanging a message failed.
    #[error(transparent)]
    Message(#[from] MessageError<E>),
    /// The caller's memory is too small for this plan.
    #[error("this network needs {need} words of memory at the client, there are {have}")]
    Memory {
        /// Words needed at least.
        need: usize,
        /// Words given.
        have: usize,
    },
    /// The input or output has not the plan's size.
    #[error("this network takes {want} elements here, {got} were given")]
    Size {
        /// Elements the plan has.
        want: usize,
        /// Elements given.
        got: usize,
    },
    /// The server's first words are none.
    #[error("the server's first words are not of this protocol")]
    Hello,
    /// The system has no randomness.
    #[error("there is no randomness to be had here")]
    NoRandomness,
    /// The dealer that answered is not the one the client trusts, or its answer was altered.
    #[error(
        "the dealer's answer does not come from the dealer that was meant, or was altered on its way by the server"
    )]
    Dealer,
    /// The dealer gave an epoch that was used before.
    #[error(
        "the dealer gave epoch {epoch} after epoch {floor}: its records are old, and nothing is used twice"
    )]
    Epoch {
        /// The epoch it gave.
        epoch: u32,
        /// The last epoch the client knows.
        floor: u32,
    },
    /// The dealer gave an epoch that is much later than the last one.
    #[error(
        "the dealer gave epoch {epoch} after epoch {floor}, later than its sessions can explain: ask whoever runs it, or \
         take a new key if this client has lost its records"
    )]
    Jump {
        /// The epoch it gave.
        epoch: u32,
        /// The last epoch the client knows.
        floor: u32,
    },
    /// The server answered for another inference.
    #[error("the server answered for another inference than the one asked for")]
    Number,
}

impl<E: fmt::Debug> From<E> for ClientError<E> {
    fn from(error: E) -> Self {
        ClientError::Message(MessageError::Transport(error))
    }
}

/// Called with (nodes done, nodes of the plan), often enough to tell a watchdog that all is well.
pub type Progress<'a> = &'a mut (dyn FnMut(usize, usize) + Send);

/// The client of one session.
#[derive(Debug)]
pub struct Client<'a, T, L> {
    plan: &'a Plan<'a>,
    keys: ClientKeys,
    transport: T,
    kernel: L,
    work: Workspace<'a>,
    memory: Memory,
    round_trips: u32,
    dealer_bytes: u64,
}

impl<'a, T: Transport, L: LinearKernel> Client<'a, T, L> {
    /// A client of `plan` over a transport whose handshake is done.
    ///
    /// # Errors
    /// [`ClientError::Memory`] if the workspace is smaller than [`Memory::least`] says.
    pub fn new(
        plan: &'a Plan<'a>,
        keys: ClientKeys,
        transport: T,
        kernel: L,
        work: Workspace<'a>,
    ) -> Result<Self, ClientError<T::Error>> {
        let memory = Memory::fit(plan, work.words.len())
            .ok_or(ClientError::Memory { need: Memory::least(plan), have: work.words.len() })?;
        Ok(Self { plan, keys, transport, kernel, work, memory, round_trips: 0, dealer_bytes: 0 })
    }

    /// The transport, for its meters and to end the session.
    pub fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Ends this client without a word and gives its memory back, for another session.
    pub fn release(mut self) -> Workspace<'a> {
        self.work.wipe();
        Workspace {
            words: core::mem::take(&mut self.work.words),
            incoming: core::mem::take(&mut self.work.incoming),
            outgoing: core::mem::take(&mut self.work.outgoing),
        }
    }

    /// Round trips of all inferences so far, counted as they happen.
    pub fn round_trips(&self) -> u32 {
        self.round_trips
    }

    /// Bytes of messages that the dealer sent to the server for this session, as the server counts them.
    pub fn dealer_bytes(&self) -> u64 {
        self.dealer_bytes
    }

    /// Says good-bye. The server keeps what is prepared for this session no longer.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn close(&mut self) -> Result<(), T::Error> {
        self.transport.send(FrameKind::Bye, &[]).await?;
        self.transport.flush().await
    }

    async fn announce(&mut self, kind: FrameKind, inference: u64) -> Result<(), ClientError<T::Error>> {
        Ok(self.transport.send(kind, &Number(inference).encode()).await?)
    }

    /// Waits for the server's word that `inference` is prepared.
    async fn ready(&mut self, inference: u64) -> Result<(), ClientError<T::Error>> {
        let (kind, len) = self.transport.receive(self.work.incoming).await?;
        let payload = &self.work.incoming[..len];
        match kind {
            FrameKind::Ready => match Done::decode(payload) {
                Some(Done { number, dealt }) if number == inference => {
                    self.dealer_bytes += dealt;
                    Ok(())
                }
                _ => Err(ClientError::Number),
            },
            FrameKind::Failed | FrameKind::Later => {
                Err(MessageError::Refused(crate::transport::reason(payload)).into())
            }
            other => Err(MessageError::Unexpected(other).into()),
        }
    }
}
