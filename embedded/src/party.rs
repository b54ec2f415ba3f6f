//! The device as the client of a small network.

use brelu_core::channel::{Identity, Pair, PublicKey, RECORD_OVERHEAD, Secure, inference_number};
use brelu_core::client::{Client, Greeting, Input, Memory, Portable, Progress, Workspace, greet};
use brelu_core::plan::Plan;
use embedded_io_async::{Read, Write};
use embedded_storage_async::nor_flash::NorFlash;
use sha2::{Digest, Sha256};

use crate::entropy::Entropy;
use crate::error::{DeviceError, Peer};
use crate::records::Records;

/// Most nodes of a plan that a device reads: checking it takes twelve bytes of stack a node.
pub const MAX_NODES: usize = 256;

/// A plan that a device walks, and whom it walks it with.
#[derive(Debug)]
pub struct Party<'a> {
    plan: Plan<'a>,
    hash: [u8; 32],
    identity: &'a Identity,
    server: PublicKey,
    dealer: PublicKey,
}

/// Memory of a session: `WORDS` words to work in, and records of `RECORD` bytes on the wire.
///
/// `brelu inspect` prints the least number of words for a plan; more of them make the offline half faster.
pub struct PartyMemory<const WORDS: usize, const RECORD: usize> {
    words: [u32; WORDS],
    record: [u8; RECORD],
    incoming: [u8; RECORD],
    outgoing: [u8; RECORD],
}

impl<const WORDS: usize, const RECORD: usize> core::fmt::Debug for PartyMemory<WORDS, RECORD> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PartyMemory({WORDS} words, records of {RECORD} bytes)")
    }
}

impl<const WORDS: usize, const RECORD: usize> PartyMemory<WORDS, RECORD> {
    const ROOM: usize = RECORD.checked_sub(RECORD_OVERHEAD).expect("a record is larger than its overhead");

    /// Empty memory.
    pub const NEW: Self =
        Self { words: [0; WORDS], record: [0; RECORD], incoming: [0; RECORD], outgoing: [0; RECORD] };
}

impl<'a> Party<'a> {
    /// Reads a plan.
    ///
    /// # Errors
    /// If it is not a valid plan, or has more than [`MAX_NODES`] nodes.
    pub fn new(
        plan: &'a [u8],
        identity: &'a Identity,
        server: PublicKey,
        dealer: PublicKey,
    ) -> Result<Self, DeviceError> {
        let hash = Sha256::digest(plan).into();
        Ok(Self { plan: Plan::parse_bounded::<MAX_NODES>(plan)?, hash, identity, server, dealer })
    }

    /// The plan.
    pub const fn plan(&self) -> &Plan<'a> {
        &self.plan
    }

    /// Starts a session over a byte stream to the server. Its epoch is in `records` when this returns.
    ///
    /// # Errors
    /// If the memory is too small for the plan, which nobody hears of, the stream fails, somebody refuses or is not who was meant, or the flash does not work.
    pub async fn start<'s, S: Read + Write, const WORDS: usize, const RECORD: usize>(
        &'s self,
        stream: S,
        entropy: &mut impl Entropy,
        records: &mut Records<impl NorFlash>,
        memory: &'s mut PartyMemory<WORDS, RECORD>,
    ) -> Result<PartySession<'s, S>, DeviceError> {
        let need = Memory::least(&self.plan);
        if need > WORDS {
            return Err(DeviceError::Room { what: "words of memory", want: need, have: WORDS });
        }
        let PartyMemory { words, record, incoming, outgoing } = memory;
        let connected = Secure::connect(
            stream,
            self.identity,
            &self.server,
            Pair::ClientServer,
            entropy.ephemeral()?,
            record,
        );
        let secure = |error| DeviceError::Secure { peer: Peer::Server, error };
        let mut transport = connected.await.map_err(secure)?;
        let greeting = Greeting {
            identity: self.identity,
            server: &self.server,
            dealer: &self.dealer,
            plan: &self.hash,
            floor: records.floor(&self.server).await?,
            max_payload: transport.room() as u32,
            ephemeral: entropy.ephemeral()?,
        };
        let session = greet(&mut transport, greeting).await?;
        records.consume(&self.server, session.epoch).await?;
        let room = PartyMemory::<WORDS, RECORD>::ROOM;
        let work = Workspace { words, incoming: &mut incoming[..room], outgoing: &mut outgoing[..room] };
        let client = Client::new(&self.plan, session.keys, transport, Portable, work)?;
        Ok(PartySession { client, epoch: session.epoch, last: 0 })
    }
}

/// A session at the server.
#[derive(Debug)]
pub struct PartySession<'s, S> {
    client: Client<'s, Secure<'s, S>, Portable>,
    epoch: u32,
    last: u32,
}

impl<S: Read + Write> PartySession<'_, S> {
    /// The session's epoch.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Prepares one inference, without its input, and returns its number.
    ///
    /// # Errors
    /// Of the connection, or what the server refuses.
    pub async fn prepare(&mut self, progress: Progress<'_>) -> Result<u64, DeviceError> {
        // An epoch has more numbers than a device has years.
        self.last = self.last.checked_add(1).ok_or(DeviceError::NoRandomness)?;
        let number = inference_number(self.epoch, self.last);
        self.client.prepare(number, progress).await?;
        Ok(number)
    }

    /// Runs an inference that [`Self::prepare`] returned; the result is in units of the plan's output scale.
    ///
    /// # Errors
    /// Of the connection, or what the server refuses. The inference is used up in any case.
    pub async fn infer(
        &mut self,
        number: u64,
        input: &(impl Input + ?Sized),
        output: &mut [i32],
        progress: Progress<'_>,
    ) -> Result<(), DeviceError> {
        Ok(self.client.infer(number, input, output, progress).await?)
    }

    /// Says good-bye.
    ///
    /// # Errors
    /// If the connection is gone already.
    pub async fn close(mut self) -> Result<(), DeviceError> {
        let secure = |error| DeviceError::Secure { peer: Peer::Server, error };
        self.client.close().await.map_err(secure)
    }
}
