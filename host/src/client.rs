//! The desktop client: the client party of core over a connection, with the fast kernels.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::{Identity, Pair, PublicKey, inference_number};
use brelu_core::client::{
    Client, ClientError, Greeted, Greeting, LinearKernel, Memory, Progress, Workspace, greet,
};
use brelu_core::cost;
use brelu_core::geometry::Conv2d;
use brelu_core::plan::{NodeId, Plan};
use brelu_core::prf::{Address, PairKey};
use brelu_core::share::Wiped;
use brelu_core::transport::{Counts, FrameKind, MAX_PAYLOAD, Metered};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::error::SessionError;
use crate::event::{Event, Observer};
use crate::pipe::Pipe;
use crate::secure::{Call, Connection, ephemeral};
use crate::state::{Epochs, Item, Limits, Outgoing, Peer, Ready};
use crate::weights::{PlanHash, plan_hash};
use crate::words::{self, encode_all};
use brelu_kernels::ring::{Backend, Linear};

/// Memory of a desktop client.
pub struct ClientMemory {
    words: Vec<u32>,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

impl std::fmt::Debug for ClientMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientMemory({} words)", self.words.len())
    }
}

impl ClientMemory {
    /// Enough to do every layer as a whole.
    pub fn for_plan(plan: &Plan<'_>) -> Self {
        let words = vec![0; Memory::best(plan)];
        Self { words, incoming: vec![0; MAX_PAYLOAD], outgoing: vec![0; MAX_PAYLOAD] }
    }

    /// The least memory that suffices, and frames of `frame` bytes (at least 64): what a small device would have.
    pub fn least(plan: &Plan<'_>, frame: usize) -> Self {
        let (words, frame) = (vec![0; Memory::least(plan)], frame.max(64));
        Self { words, incoming: vec![0; frame], outgoing: vec![0; frame] }
    }

    /// The memory, lent to one client after the other.
    pub fn workspace(&mut self) -> Workspace<'_> {
        Workspace { words: &mut self.words, incoming: &mut self.incoming, outgoing: &mut self.outgoing }
    }
}

/// Who a client is, whom it trusts, and what it keeps; shared by all its sessions.
#[derive(Debug)]
pub struct ClientParty {
    /// Its key pair.
    pub identity: Identity,
    /// The server's public key.
    pub server: PublicKey,
    /// The dealer's public key.
    pub dealer: PublicKey,
    /// The epochs used with the server.
    pub epochs: Epochs,
    /// Prepared inferences: the keys their masks are made from.
    pub ready: Ready,
    /// One greeting after the other, so that epochs arrive in their order.
    greeting: Mutex<()>,
    observer: Observer,
}

impl ClientParty {
    /// A client.
    pub fn new(
        identity: Identity,
        server: PublicKey,
        dealer: PublicKey,
        epochs: Epochs,
        ready: Ready,
    ) -> Self {
        let (greeting, observer) = Default::default();
        Self { identity, server, dealer, epochs, ready, greeting, observer }
    }

    /// Has `observer` told of what happens.
    pub fn observed(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }

    /// A client that keeps nothing beyond this process.
    pub fn in_memory(identity: Identity, server: PublicKey, dealer: PublicKey) -> Self {
        Self::new(identity, server, dealer, Epochs::memory(), Ready::memory(CLIENT_LIMITS))
    }

    /// Calls the server over an open connection.
    ///
    /// # Errors
    /// If the connection fails, the server refuses, or is somebody else.
    pub async fn call_server(
        &self,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        timeout: Duration,
    ) -> Result<Connection, SessionError> {
        let call = Call { pair: Pair::ClientServer, peer: "server", timeout };
        call.connect(reader, writer, &self.identity, &self.server).await
    }

    /// Under which prepared inferences of a plan are kept.
    fn namespace(&self, plan: &PlanHash) -> Peer {
        let mut digest = Sha256::new();
        [self.server.bytes(), self.dealer.bytes(), plan].iter().for_each(|part| digest.update(part));
        digest.finalize().into()
    }
}

/// What a client keeps at most: a key an inference.
pub const CLIENT_LIMITS: Limits = Limits { items: 1024, peer_bytes: 1 << 20, bytes: 1 << 24 };

/// A client with a session at a server.
#[derive(Debug)]
pub struct HostClient<'a> {
    inner: Client<'a, Metered<Pipe>, HostKernel>,
    plan: &'a Plan<'a>,
    party: Arc<ClientParty>,
    namespace: Peer,
    prepared: VecDeque<u64>,
    key: PairKey,
    epoch: u32,
    next: u32,
    ready: usize,
}

impl<'a> HostClient<'a> {
    /// Greets the server over a secure connection, and the dealer through it. Takes `memory`; [`Self::release`] gives it
    /// back.
    ///
    /// # Errors
    /// If the server or the dealer refuses, does not answer, or speaks something else; the memory is then still there.
    pub async fn start(
        plan: &'a Plan<'a>,
        connection: Connection,
        party: Arc<ClientParty>,
        memory: &mut Option<Workspace<'a>>,
    ) -> Result<Self, SessionError> {
        let earlier = party.ready.numbers(&party.namespace(&plan_hash(plan)));
        Self::open(plan, connection, party, memory, earlier).await
    }

    /// As [`Self::start`], leaving alone what was prepared in earlier sessions: all numbers of this session are larger
    /// than those of earlier ones.
    ///
    /// # Errors
    /// As there.
    pub async fn start_afresh(
        plan: &'a Plan<'a>,
        connection: Connection,
        party: Arc<ClientParty>,
        memory: &mut Option<Workspace<'a>>,
    ) -> Result<Self, SessionError> {
        Self::open(plan, connection, party, memory, Vec::new()).await
    }

    async fn open(
        plan: &'a Plan<'a>,
        connection: Connection,
        party: Arc<ClientParty>,
        memory: &mut Option<Workspace<'a>>,
        earlier: Vec<u64>,
    ) -> Result<Self, SessionError> {
        let hash = plan_hash(plan);
        let max_payload = memory.as_ref().map_or(0, |work| work.incoming.len() as u32);
        let (mut pipe, session) = introduce(plan, connection, &party, &hash, max_payload).await?;
        let namespace = party.namespace(&hash);
        let prepared = claim(&mut pipe, earlier).await?;
        let (key, ready) = (session.keys.dealer.clone(), (session.ready as usize).max(1));
        let epoch = session.epoch;
        let work = memory.take().ok_or(SessionError::InUse)?;
        let inner = Client::new(plan, session.keys, Metered::new(pipe), HostKernel::default(), work)?;
        Ok(Self { inner, plan, party, namespace, prepared, key, epoch, next: 1, ready })
    }

    /// Gives the memory back, for another session. The connection is closed without a word.
    pub fn release(self) -> Workspace<'a> {
        self.inner.release()
    }

    /// Prepares one more inference and returns its number, unless the server keeps as many as it wants to.
    ///
    /// # Errors
    /// Of the connection, or what the server refuses.
    pub async fn prepare(&mut self, progress: Progress<'_>) -> Result<Option<u64>, SessionError> {
        if self.prepared.len() >= self.ready {
            return Ok(None);
        }
        let number = inference_number(self.epoch, self.next);
        self.next += 1;
        self.inner.prepare(number, progress).await?;
        self.keep(number).await?;
        self.prepared.push_back(number);
        Ok(Some(number))
    }

    /// Keeps what a prepared inference needs later: the key of its masks.
    async fn keep(&self, number: u64) -> Result<(), SessionError> {
        let (party, namespace) = (self.party.clone(), self.namespace);
        let held = self.prepared.iter().copied().collect();
        let item = Item::new(vec![Zeroizing::new(self.key.expose().to_vec())]);
        let put = move || {
            let room = party.ready.reserve(&namespace, PairKey::LEN as u64, &held)?;
            party.ready.put(room, number, item)
        };
        Ok(tokio::task::spawn_blocking(put).await??)
    }

    /// Takes the key of a prepared inference out for good; `None` if it is not there any more.
    async fn take(&self, number: u64) -> Result<Option<PairKey>, SessionError> {
        let (party, namespace) = (self.party.clone(), self.namespace);
        let take = move || party.ready.take(&namespace, number)?.map(Outgoing::all).transpose();
        let item = tokio::task::spawn_blocking(take).await??;
        let key = item.and_then(|item| <[u8; PairKey::LEN]>::try_from(item.parts().first()?.as_slice()).ok());
        Ok(key.map(PairKey::new))
    }

    /// Inferences that are prepared.
    pub fn prepared(&self) -> usize {
        self.prepared.len()
    }

    /// How many the server keeps prepared at most.
    pub fn capacity(&self) -> usize {
        self.ready
    }

    /// Runs one inference, preparing it first if none is prepared, and returns its number and its result. `input` is in the
    /// plan's fixed point; the result is what its [`Answer`](brelu_core::plan::Answer) says: scores in units of its output
    /// scale, or labels, the best first, a plane a rank for a map.
    ///
    /// # Errors
    /// Of the connection, or what the server refuses; the inference is then lost.
    pub async fn infer(
        &mut self,
        input: &[i32],
        progress: Progress<'_>,
    ) -> Result<(u64, Vec<i32>), SessionError> {
        let (number, key) = self.next_prepared().await?;
        let mut output = vec![0; self.plan.output().shape.len()];
        self.inner.infer_under(&key, number, input, &mut output, progress).await?;
        Ok((number, output))
    }

    /// Gives a device its part of one inference, preparing it first if none is prepared. The inference is used up by this;
    /// [`Self::walk_for`] does the rest of it. Neither input nor result pass here.
    ///
    /// # Errors
    /// Of either connection, or what the server refuses.
    pub async fn grant_to(&mut self, device: &mut Delegator<'_>) -> Result<Granted, SessionError> {
        let (number, key) = self.next_prepared().await?;
        self.inner.hand_over(&key, number, device.pipe, device.room).await.map_err(ClientError::from)?;
        Ok(Granted { number, key, device: device.key })
    }

    /// Answers every layer of an inference whose input a device brings to the server.
    ///
    /// # Errors
    /// Of the connection, or what the server refuses; the inference is then lost.
    pub async fn walk_for(&mut self, granted: Granted) -> Result<(), SessionError> {
        let Granted { number, key, device } = granted;
        Ok(self.inner.infer_on_behalf(&key, number, &device, &mut |_, _| {}).await?)
    }

    /// A prepared inference, taken out for good: its number and the key of its masks.
    async fn next_prepared(&mut self) -> Result<(u64, PairKey), SessionError> {
        loop {
            if self.prepared.is_empty() {
                self.prepare(&mut |_, _| {}).await?;
            }
            let number = self.prepared.pop_front().unwrap_or_default();
            // Another process may have used it.
            if let Some(key) = self.take(number).await? {
                self.party.observer.tell(Event::Sent(self.party.identity.public().id(), number));
                return Ok((number, key));
            }
        }
    }

    /// What passed through this connection so far.
    pub fn counts(&mut self) -> Counts {
        self.inner.transport().counts()
    }

    /// Bytes the dealer sent to the server for this session so far, as the server counts them.
    pub fn dealer_bytes(&self) -> u64 {
        self.inner.dealer_bytes()
    }

    /// Round trips of all inferences so far.
    pub fn round_trips(&self) -> u32 {
        self.inner.round_trips()
    }

    /// Ends the session.
    ///
    /// # Errors
    /// If the connection is gone already.
    pub async fn close(mut self) -> Result<(), SessionError> {
        Ok(self.inner.close().await?)
    }
}

/// A device for which a client walks the network.
#[derive(Debug)]
pub struct Delegator<'p> {
    /// Its public key.
    pub key: PublicKey,
    /// The connection to it.
    pub pipe: &'p mut Pipe,
    /// Payload bytes of the largest frame it takes.
    pub room: usize,
}

/// An inference that a device has its part of.
#[derive(Debug)]
pub struct Granted {
    number: u64,
    key: PairKey,
    device: PublicKey,
}

/// Greets server and dealer, and records the session's epoch.
async fn introduce(
    plan: &Plan<'_>,
    connection: Connection,
    party: &Arc<ClientParty>,
    hash: &PlanHash,
    max_payload: u32,
) -> Result<(Pipe, Greeted), SessionError> {
    let mut pipe = connection.pipe;
    let _alone = party.greeting.lock().await;
    let greeting = Greeting {
        identity: &party.identity,
        server: connection.keys.peer(),
        dealer: &party.dealer,
        plan: hash,
        floor: party.epochs.floor(party.server.bytes())?,
        max_payload,
        ephemeral: ephemeral()?,
    };
    let session = greet(&mut pipe, greeting).await?;
    let (recorder, epoch) = (party.clone(), session.epoch);
    tokio::task::spawn_blocking(move || recorder.epochs.consume(recorder.server.bytes(), epoch)).await??;
    party.observer.tell(Event::Epoch(party.identity.public().id(), epoch));
    pipe.allow(cost::total(plan).bytes.server_online);
    Ok((pipe, session))
}

/// Asks which of the inferences that were prepared in earlier sessions the server still has.
async fn claim(pipe: &mut Pipe, numbers: Vec<u64>) -> Result<VecDeque<u64>, SessionError> {
    if numbers.is_empty() {
        return Ok(VecDeque::new());
    }
    pipe.send_frame(FrameKind::Claim, encode_all(&numbers)).await?;
    let granted = pipe.receive_kind(FrameKind::Claim, "an answer to a claim").await?;
    let granted = words::numbers("server", FrameKind::Claim, &granted)?;
    Ok(granted.into_iter().filter(|number| numbers.contains(number)).collect())
}

/// The fast kernels for the client's products, keeping packed weight components of whole layers.
#[derive(Debug, Default)]
struct HostKernel {
    packed: HashMap<(NodeId, u8), Linear>,
}

impl LinearKernel for HostKernel {
    fn accumulate(
        &mut self,
        key: &PairKey,
        node: NodeId,
        term: u8,
        map: &Conv2d,
        bits: u8,
        x: &[u32],
        out: &mut [u32],
    ) {
        let known = self.packed.get(&(node, term)).filter(|linear| linear.geometry() == map);
        if known.is_none() {
            let mut weights = Wiped::new(vec![0; map.weight_len()]);
            weights.par_chunks_mut(1 << 14).enumerate().for_each(|(index, weights)| {
                key.stream(Address::weights(node, term)).fill(bits, (index << 14) as u64, weights);
            });
            match Linear::new(Backend::best(), map, &weights, u32::from(bits)) {
                Ok(linear) => self.packed.insert((node, term), linear),
                Err(_) => self.packed.remove(&(node, term)),
            };
        }
        // A checked plan has no map that the kernels refuse; were there one, the result would be wrong, not unsafe.
        let done = self.packed.get(&(node, term)).map(|linear| linear.accumulate(x, out));
        debug_assert!(matches!(done, Some(Ok(()))));
    }
}
