//! The desktop client: the client party of core over a connection, with the fast kernels.

use std::collections::HashMap;
use std::time::Duration;

use brelu_core::client::{Client, ClientKeys, LinearKernel, Memory, Progress, Workspace};
use brelu_core::cost;
use brelu_core::geometry::Conv2d;
use brelu_core::plan::{NodeId, Plan};
use brelu_core::prf::{Address, PairKey};
use brelu_core::transport::{Counts, FrameKind, MAX_PAYLOAD, Metered};
use rayon::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::SessionError;
use crate::hello::{ClientHello, PROTOCOL_VERSION, ServerHello, decode, encode};
use crate::kernel::{Backend, Linear};
use crate::keys::{Pair, SessionSecret, cover};
use crate::pipe::Pipe;
use crate::weights::plan_hash;

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

    fn workspace(&mut self) -> Workspace<'_> {
        Workspace { words: &mut self.words, incoming: &mut self.incoming, outgoing: &mut self.outgoing }
    }
}

/// A client with a session at a server.
#[derive(Debug)]
pub struct HostClient<'a> {
    inner: Client<'a, Metered<Pipe>, HostKernel>,
    plan: &'a Plan<'a>,
    prepared: std::collections::VecDeque<u64>,
    next: u64,
    ready: usize,
}

impl<'a> HostClient<'a> {
    /// Greets the server over an open connection.
    ///
    /// # Errors
    /// If the server refuses, does not answer, or speaks something else.
    pub async fn start(
        plan: &'a Plan<'a>,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        timeout: Duration,
        memory: &'a mut ClientMemory,
    ) -> Result<Self, SessionError> {
        let mut pipe = Pipe::new("server", reader, writer, timeout);
        let (secret, hash) = (SessionSecret::generate()?, plan_hash(plan));
        let hello = ClientHello {
            version: PROTOCOL_VERSION,
            plan: hash,
            public: secret.public(),
            max_payload: memory.incoming.len() as u32,
        };
        pipe.send_frame(FrameKind::Hello, encode(&hello)).await?;
        let answer: ServerHello =
            decode("server", &pipe.receive_kind(FrameKind::Hello, "a greeting").await?)?;
        if answer.version != PROTOCOL_VERSION {
            return Err(SessionError::Version { peer: "server", theirs: answer.version });
        }
        pipe.allow(cost::total(plan).bytes.server_online);
        let cover_key = secret.agree(Pair::ClientServer, &answer.public, &hash)?;
        let keys = ClientKeys {
            dealer: secret.agree(Pair::ClientDealer, &answer.dealer_public, &hash)?,
            weights: PairKey::new(cover(&cover_key, &answer.weights_seed)),
        };
        let inner = Client::new(plan, keys, Metered::new(pipe), HostKernel::default(), memory.workspace())?;
        let ready = (answer.ready as usize).max(1);
        Ok(Self { inner, plan, prepared: Default::default(), next: 1, ready })
    }

    /// Prepares one more inference, unless the server keeps as many as it wants to; returns whether it did.
    ///
    /// # Errors
    /// Of the connection, or what the server refuses.
    pub async fn prepare(&mut self, progress: Progress<'_>) -> Result<bool, SessionError> {
        if self.prepared.len() >= self.ready {
            return Ok(false);
        }
        let number = self.next;
        self.next += 1;
        self.inner.prepare(number, progress).await?;
        self.prepared.push_back(number);
        Ok(true)
    }

    /// Inferences that are prepared.
    pub fn prepared(&self) -> usize {
        self.prepared.len()
    }

    /// How many the server keeps prepared at most.
    pub fn capacity(&self) -> usize {
        self.ready
    }

    /// Runs one inference, preparing it first if none is prepared. `input` is in the plan's fixed point; the result in
    /// units of its output scale.
    ///
    /// # Errors
    /// Of the connection, or what the server refuses; the inference is then lost.
    pub async fn infer(&mut self, input: &[i32], progress: Progress<'_>) -> Result<Vec<i32>, SessionError> {
        if self.prepared.is_empty() {
            self.prepare(&mut |_, _| {}).await?;
        }
        let number = self.prepared.pop_front().unwrap_or_default();
        let mut output = vec![0; self.plan.output().shape.len()];
        self.inner.infer(number, input, &mut output, progress).await?;
        Ok(output)
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
            let mut weights = vec![0; map.weight_len()];
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
