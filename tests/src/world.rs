//! Server, dealer and client of one plan in one process: the very sessions that run over TCP, over pipes in memory, with
//! a tap on both links that sees every frame and may change it.

use std::sync::Arc;
use std::time::Duration;

use brelu_core::cost;
use brelu_core::plan::Plan;
use brelu_core::transport::{FRAME_HEADER, FrameKind, MAX_PAYLOAD, decode_header, encode_header};
use brelu_host::client::{ClientMemory, HostClient};
use brelu_host::dealer::{Dealer, DealerOptions};
use brelu_host::error::SessionError;
use brelu_host::keys::random_key;
use brelu_host::plan_file::keep;
use brelu_host::server::{Server, ServerModel, ServerOptions};
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

/// Three parties of one plan.
#[derive(Debug)]
pub struct World {
    plan: &'static Plan<'static>,
    model: Arc<ServerModel>,
    dealer: Arc<Dealer>,
    small: bool,
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

impl World {
    /// Parties for a plan file and its weights.
    ///
    /// # Panics
    /// If the plan, the weights or the system's randomness are not to be had.
    pub fn new(plan: Vec<u8>, weights: impl FnOnce(&Plan<'_>) -> Weights) -> Self {
        let plan = keep(plan).expect("a valid plan");
        let model = ServerModel::new(plan, weights(plan), random_key().expect("randomness"))
            .expect("maps the kernels take");
        let options = DealerOptions { timeout: TIMEOUT, idle: 10 * TIMEOUT, ..DealerOptions::default() };
        Self { plan, model: Arc::new(model), dealer: Arc::new(Dealer::new(options)), small: false }
    }

    /// Gives the client the least memory that suffices, and small frames.
    pub fn with_small_client(mut self) -> Self {
        self.small = true;
        self
    }

    /// The plan.
    pub fn plan(&self) -> &'static Plan<'static> {
        self.plan
    }

    /// Runs inferences one after the other in one session.
    ///
    /// # Errors
    /// Whatever ends the client's session.
    pub fn run(&self, inputs: &[Vec<i32>], tap: Tap) -> Result<Outcome, SessionError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(self.session(inputs, tap))
    }

    async fn session(&self, inputs: &[Vec<i32>], tap: Tap) -> Result<Outcome, SessionError> {
        let (reader, writer) = self.connect(tap);
        let mut memory =
            if self.small { ClientMemory::least(self.plan, 100) } else { ClientMemory::for_plan(self.plan) };
        let mut client = HostClient::start(self.plan, reader, writer, TIMEOUT, &mut memory).await?;
        let mut outputs = Vec::new();
        let mut traffic = cost::Traffic::default();
        for input in inputs {
            let before = client.counts();
            client.prepare(&mut |_, _| {}).await?;
            let prepared = client.counts();
            outputs.push(client.infer(input, &mut |_, _| {}).await?);
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

    fn connect(&self, tap: Tap) -> (ReadHalf<DuplexStream>, WriteHalf<DuplexStream>) {
        let options = ServerOptions { timeout: TIMEOUT, idle: 10 * TIMEOUT, ready: 4 };
        let server = Server::new(self.model.clone(), options);
        let (client_end, server_end) = tapped(tap.clone(), Link::ClientServer, Link::ServerClient);
        let dealer = self.dealer.clone();
        tokio::spawn(async move {
            let (reader, writer) = split(server_end);
            let connect = async || {
                let (server_end, dealer_end) = tapped(tap, Link::ServerDealer, Link::DealerServer);
                let (reader, writer) = split(dealer_end);
                tokio::spawn(dealer.serve(reader, writer));
                Ok(split(server_end))
            };
            server.serve(reader, writer, connect).await
        });
        split(client_end)
    }
}

/// A connection in memory whose frames pass the tap in both directions.
fn tapped(tap: Tap, there: Link, back: Link) -> (DuplexStream, DuplexStream) {
    let (near, near_inner) = duplex(1 << 16);
    let (far, far_inner) = duplex(1 << 16);
    let (near_read, near_write) = split(near_inner);
    let (far_read, far_write) = split(far_inner);
    tokio::spawn(pass(tap.clone(), there, near_read, far_write));
    tokio::spawn(pass(tap, back, far_read, near_write));
    (near, far)
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
