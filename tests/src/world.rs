//! Server, dealer and client of one plan in one process: the very sessions that run over TCP, over pipes in memory, with
//! a tap on both links that sees every frame and may change it.

use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::{ANSWER_LEN, Bond, FIRST_OVERHEAD, Identity, RECORD_HEADER};
use brelu_core::cost;
use brelu_core::plan::Plan;
use brelu_core::transport::{FRAME_HEADER, FrameKind, MAX_PAYLOAD, decode_header, encode_header};
use brelu_host::client::{ClientMemory, ClientParty, HostClient};
use brelu_host::dealer::{Dealer, DealerOptions, DealerParty};
use brelu_host::error::SessionError;
use brelu_host::event::{Event, Observer};
use brelu_host::keys::{Access, random_key};
use brelu_host::pipe::Pipe;
use brelu_host::plan_file::keep;
use brelu_host::secure::Connection;
use brelu_host::server::{Server, ServerModel, ServerOptions, ServerParty};
use brelu_host::state::{Epochs, Limits, Ready};
use brelu_host::weights::Weights;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};

/// A directed link between two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Client to server.
    ClientServer,
    /// Server to client.
    ServerClient,
    /// Server to dealer.
    ServerDealer,
    /// Dealer to server.
    DealerServer,
}

/// One frame on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: FrameKind,
    /// What it says.
    pub payload: Vec<u8>,
}

/// Sees the `index`-th frame of a link and says what arrives in its place.
pub type Tap = Arc<dyn Fn(Link, usize, Frame) -> Vec<Frame> + Send + Sync>;

/// A tap that lets everything through.
pub fn honest() -> Tap {
    Arc::new(|_, _, frame| vec![frame])
}

/// One record on its way: the first two are the messages of the handshake, the others begin with their length.
pub type Record = Vec<u8>;

/// Sees the `index`-th record of a link and says what arrives in its place.
pub type RecordTap = Arc<dyn Fn(Link, usize, Record) -> Vec<Record> + Send + Sync>;

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

/// Three parties of one plan.
#[derive(Debug)]
pub struct World {
    plan: &'static Plan<'static>,
    server: Arc<Server>,
    dealer: Arc<Dealer>,
    client: Arc<ClientParty>,
    events: Events,
    small: bool,
}

/// What server and dealer reported.
#[derive(Clone, Debug, Default)]
pub struct Events(Arc<std::sync::Mutex<Vec<Event>>>);

impl Events {
    fn observer(&self) -> Observer {
        let events = self.0.clone();
        Observer::new(move |event| {
            events.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(event.clone());
        })
    }

    /// All of them so far.
    pub fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// The identities of client, server and dealer in these tests.
pub fn identities() -> [Identity; 3] {
    [1, 2, 3].map(|byte| Identity::new([byte; 32]))
}

/// What the parties have to say after some inferences.
#[derive(Debug)]
pub struct Outcome {
    /// Results in units of the output scale.
    pub outputs: Vec<Vec<i32>>,
    /// Payload bytes by link and phase, as they were measured at the client and (dealer) at the server.
    pub traffic: cost::Traffic,
    /// Round trips, as the client counted them.
    pub round_trips: u32,
}

/// Silence that ends a session in these tests.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Room for prepared inferences in these tests.
pub const LIMITS: Limits = Limits { items: 4, peer_bytes: 1 << 30, bytes: 1 << 31 };

/// Limits of a server in these tests.
pub fn server_options(events: &Events) -> ServerOptions {
    ServerOptions {
        timeout: TIMEOUT,
        idle: 10 * TIMEOUT,
        ready: LIMITS.items,
        observer: events.observer(),
        ..ServerOptions::default()
    }
}

impl World {
    /// Parties for a plan file and its weights, which keep everything in memory.
    ///
    /// # Panics
    /// If the plan, the weights or the system's randomness are not to be had.
    pub fn new(plan: Vec<u8>, weights: impl FnOnce(&Plan<'_>) -> Weights) -> Self {
        let plan = keep(plan).expect("a valid plan");
        let model = ServerModel::new(plan, weights(plan), random_key().expect("randomness"))
            .expect("maps the kernels take");
        let ([client, server, dealer], events) = (identities(), Events::default());
        let (server_key, dealer_key) = (*server.public(), *dealer.public());
        let allow = |identity: &Identity| Access::Keys([(*identity.public(), String::new())].into());
        let party = ServerParty {
            clients: allow(&client),
            identity: server,
            dealer: dealer_key,
            epochs: Epochs::memory(),
            ready: Ready::memory(LIMITS),
        };
        let dealer_party = DealerParty {
            servers: Access::Keys([(server_key, String::new())].into()),
            clients: Access::Anybody,
            identity: dealer,
            epochs: Epochs::memory(),
            models: None,
        };
        let options = DealerOptions {
            timeout: TIMEOUT,
            idle: 10 * TIMEOUT,
            observer: events.observer(),
            ..DealerOptions::default()
        };
        Self {
            plan,
            server: Arc::new(Server::new(Arc::new(model), party, server_options(&events))),
            dealer: Arc::new(Dealer::new(dealer_party, options)),
            client: Arc::new(ClientParty::in_memory(client, server_key, dealer_key)),
            events,
            small: false,
        }
    }

    /// Gives the client the least memory that suffices, and small frames.
    pub fn with_small_client(mut self) -> Self {
        self.small = true;
        self
    }

    /// Another client, which knows other keys or is somebody else.
    pub fn with_client(mut self, client: ClientParty) -> Self {
        self.client = Arc::new(client);
        self
    }

    /// The plan.
    pub fn plan(&self) -> &'static Plan<'static> {
        self.plan
    }

    /// What server and dealer reported so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.all()
    }

    /// Runs inferences one after the other in one session, with a tap on all frames.
    ///
    /// # Errors
    /// Whatever ends the client's session.
    pub fn run(&self, inputs: &[Vec<i32>], tap: Tap) -> Result<Outcome, SessionError> {
        self.run_over(inputs, Wire::Frames(tap))
    }

    /// Runs inferences one after the other in one session.
    ///
    /// # Errors
    /// Whatever ends the client's session.
    pub fn run_over(&self, inputs: &[Vec<i32>], wire: Wire) -> Result<Outcome, SessionError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(self.session(inputs, wire))
    }

    /// As [`Self::run_over`], inside a runtime.
    ///
    /// # Errors
    /// As there.
    pub async fn session(&self, inputs: &[Vec<i32>], wire: Wire) -> Result<Outcome, SessionError> {
        let mut memory =
            if self.small { ClientMemory::least(self.plan, 100) } else { ClientMemory::for_plan(self.plan) };
        let connection = self.connect(wire).await?;
        let mut client =
            HostClient::start(self.plan, connection, self.client.clone(), &mut Some(memory.workspace()))
                .await?;
        let mut outputs = Vec::new();
        let mut traffic = cost::Traffic::default();
        for input in inputs {
            let before = client.counts();
            client.prepare(&mut |_, _| {}).await?;
            let prepared = client.counts();
            outputs.push(client.infer(input, &mut |_, _| {}).await?.1);
            let after = client.counts();
            traffic.client_offline += prepared.sent - before.sent;
            traffic.client_online += after.sent - prepared.sent;
            traffic.server_online += after.received - prepared.received;
        }
        traffic.dealer_offline = client.dealer_bytes();
        let round_trips = client.round_trips();
        client.close().await?;
        Ok(Outcome { outputs, traffic, round_trips })
    }

    /// Starts a server session and, when the server asks for it, a dealer session; the client's end of the connection.
    async fn connect(&self, wire: Wire) -> Result<Connection, SessionError> {
        let (server, dealer, inner) = (self.server.clone(), self.dealer.clone(), wire.clone());
        let (client_end, server_end) = wire.tapped(Link::ClientServer, Link::ServerClient);
        let client_key = *self.client.identity.public();
        tokio::spawn(async move {
            let client = match &inner {
                Wire::Frames(_) => mocked("client", server_end, client_key, [0; 32]),
                Wire::Records(_) => {
                    let (reader, writer) = split(server_end);
                    server.accept(reader, writer).await?
                }
            };
            let connect = async || reach(&server, dealer, inner).await;
            server.serve(client, connect).await
        });
        match wire {
            Wire::Frames(_) => Ok(mocked("server", client_end, self.client.server, [0; 32])),
            Wire::Records(_) => {
                let (reader, writer) = split(client_end);
                self.client.call_server(reader, writer, TIMEOUT).await
            }
        }
    }
}

/// The server's connection to a dealer.
async fn reach(server: &Server, dealer: Arc<Dealer>, wire: Wire) -> Result<Connection, SessionError> {
    let (server_end, dealer_end) = wire.tapped(Link::ServerDealer, Link::DealerServer);
    match wire {
        Wire::Frames(_) => {
            let root = *random_key()?.expose();
            let connection = mocked("server", dealer_end, *server.identity().public(), root);
            let dealer_key = *dealer.identity().public();
            tokio::spawn(async move { dealer.serve(connection).await });
            Ok(mocked("dealer", server_end, dealer_key, root))
        }
        Wire::Records(_) => {
            tokio::spawn(async move {
                let (reader, writer) = split(dealer_end);
                dealer.serve(dealer.accept(reader, writer).await?).await
            });
            let (reader, writer) = split(server_end);
            server.call_dealer(reader, writer).await
        }
    }
}

/// A connection in the clear to `key`, as if there had been a handshake.
fn mocked(
    peer: &'static str,
    end: DuplexStream,
    key: brelu_core::channel::PublicKey,
    root: [u8; 32],
) -> Connection {
    let (reader, writer) = split(end);
    let bond = Bond::new(key, brelu_core::prf::PairKey::new(root));
    Connection { pipe: Pipe::new(peer, reader, writer, TIMEOUT, None), bond }
}

impl Wire {
    /// A connection in memory whose frames or records pass the tap in both directions.
    fn tapped(&self, there: Link, back: Link) -> (DuplexStream, DuplexStream) {
        let (near, near_inner) = duplex(1 << 16);
        let (far, far_inner) = duplex(1 << 16);
        let (near_read, near_write) = split(near_inner);
        let (far_read, far_write) = split(far_inner);
        match self {
            Wire::Frames(tap) => {
                tokio::spawn(pass(tap.clone(), there, near_read, far_write));
                tokio::spawn(pass(tap.clone(), back, far_read, near_write));
            }
            Wire::Records(tap) => {
                tokio::spawn(pass_records(tap.clone(), there, FIRST_OVERHEAD, near_read, far_write));
                tokio::spawn(pass_records(tap.clone(), back, ANSWER_LEN, far_read, near_write));
            }
        }
        (near, far)
    }
}

async fn pass(tap: Tap, link: Link, mut from: ReadHalf<DuplexStream>, mut to: WriteHalf<DuplexStream>) {
    let mut index = 0;
    while let Some(frame) = read(&mut from).await {
        for frame in tap(link, index, frame) {
            if write(&mut to, &frame).await.is_none() {
                return;
            }
        }
        index += 1;
    }
    let _ = to.shutdown().await;
}

async fn pass_records(
    tap: RecordTap,
    link: Link,
    handshake: usize,
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
) {
    let mut index = 0;
    while let Some(record) = read_record(&mut from, if index == 0 { handshake } else { 0 }).await {
        for record in tap(link, index, record) {
            if to.write_all(&record).await.is_err() {
                return;
            }
        }
        index += 1;
    }
    let _ = to.shutdown().await;
}

/// A record of `fixed` bytes, or of as many as its first bytes say.
async fn read_record(from: &mut ReadHalf<DuplexStream>, fixed: usize) -> Option<Record> {
    let mut record = vec![0; if fixed > 0 { fixed } else { RECORD_HEADER }];
    from.read_exact(&mut record).await.ok()?;
    if fixed == 0 {
        let len = u32::from_le_bytes([record[0], record[1], record[2], 0]) as usize;
        record.resize(RECORD_HEADER + len, 0);
        from.read_exact(&mut record[RECORD_HEADER..]).await.ok()?;
    }
    Some(record)
}

async fn read(from: &mut ReadHalf<DuplexStream>) -> Option<Frame> {
    let mut header = [0; FRAME_HEADER];
    from.read_exact(&mut header).await.ok()?;
    let (kind, len) = decode_header(header, MAX_PAYLOAD).ok()?;
    let mut payload = vec![0; len];
    from.read_exact(&mut payload).await.ok()?;
    Some(Frame { kind, payload })
}

async fn write(to: &mut WriteHalf<DuplexStream>, frame: &Frame) -> Option<()> {
    to.write_all(&encode_header(frame.kind, frame.payload.len())).await.ok()?;
    to.write_all(&frame.payload).await.ok()
}
