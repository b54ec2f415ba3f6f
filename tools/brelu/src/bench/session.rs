//! The three parties as tasks of this process, over pipes in memory: what an inference costs without a network.

use std::sync::Arc;
use std::time::{Duration, Instant};

use brelu_core::channel::{Identity, Link};
use brelu_core::plan::Plan;
use brelu_host::client::{ClientMemory, ClientParty, HostClient};
use brelu_host::dealer::{Dealer, DealerOptions, DealerParty};
use brelu_host::error::SessionError;
use brelu_host::keys::{Access, random_key};
use brelu_host::plan_file::OwnedPlan;
use brelu_host::secure::Connection;
use brelu_host::server::{Server, ServerModel, ServerOptions, ServerParty};
use brelu_host::state::{Epochs, Generations, Limits, Ready, Usage};
use brelu_host::weights::Weights;
use tokio::io::{DuplexStream, duplex, split};

use super::channel::plain;

/// Longer than any network takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// Bytes a pipe holds, about what sockets hold.
const PIPE: usize = 1 << 18;

/// Times of one inference.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Before the input exists: client, server and dealer at work at the same time.
    pub offline: Duration,
    /// From the input to the output at the client.
    pub online: Duration,
}

/// Runs `inputs` one after the other in one session, over secure channels (`sealed`) or in the clear, and returns the times
/// of each.
///
/// # Errors
/// If a session fails; it does not for a valid plan and its weights.
pub fn run(
    plan: &'static Plan<'static>,
    weights: Weights,
    inputs: &[Vec<i32>],
    sealed: bool,
) -> Result<Vec<Times>, SessionError> {
    let model = Arc::new(ServerModel::new(Arc::new(OwnedPlan::copy(plan)?), weights, random_key()?)?);
    let runtime = runtime()?;
    runtime.block_on(session(plan, model, inputs, sealed))
}

/// A runtime for parties in this process.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, SessionError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| SessionError::Unreachable {
        peer: "runtime",
        address: "this process".into(),
        error: error.to_string(),
    })
}

async fn session(
    plan: &'static Plan<'static>,
    model: Arc<ServerModel>,
    inputs: &[Vec<i32>],
    sealed: bool,
) -> Result<Vec<Times>, SessionError> {
    let trio = Arc::new(Trio::new(model)?);
    let (near, far) = duplex(PIPE);
    tokio::spawn(serve(trio.clone(), far, sealed));
    let connection = trio.call(near, Link::ClientServer, sealed).await?;
    let mut memory = ClientMemory::for_plan(plan);
    let mut client =
        HostClient::start(plan, connection, trio.client.clone(), &mut Some(memory.workspace())).await?;
    let mut times = Vec::new();
    for input in inputs {
        let start = Instant::now();
        client.prepare(&mut |_, _| {}).await?;
        let prepared = Instant::now();
        client.infer(input, &mut |_, _| {}).await?;
        times.push(Times { offline: prepared - start, online: prepared.elapsed() });
    }
    client.close().await?;
    Ok(times)
}

/// The three parties.
struct Trio {
    client: Arc<ClientParty>,
    server: Server,
    dealer: Arc<Dealer>,
}

impl Trio {
    fn new(model: Arc<ServerModel>) -> Result<Self, SessionError> {
        let [client, server, dealer] = [fresh()?, fresh()?, fresh()?];
        let (server_key, dealer_key) = (*server.public(), *dealer.public());
        let party = ServerParty {
            identity: server,
            dealer: dealer_key,
            clients: Access::Anybody,
            epochs: Epochs::memory(),
            generations: Generations::memory(),
            ready: Ready::memory(Limits { items: 8, peer_bytes: u64::MAX, bytes: u64::MAX }),
            usage: Usage::memory(),
        };
        let dealer_party = DealerParty {
            identity: dealer,
            servers: Access::Anybody,
            clients: Access::Anybody,
            epochs: Epochs::memory(),
            generations: Generations::memory(),
            models: None,
        };
        Ok(Self {
            client: Arc::new(ClientParty::in_memory(client, server_key, dealer_key)),
            server: Server::new(model, party, ServerOptions::default()),
            dealer: Arc::new(Dealer::new(dealer_party, DealerOptions::default())),
        })
    }

    /// The calling end of a link.
    async fn call(&self, end: DuplexStream, link: Link, sealed: bool) -> Result<Connection, SessionError> {
        let key = match link {
            Link::ClientServer => self.server.identity().public(),
            _ => self.dealer.identity().public(),
        };
        if !sealed {
            return Ok(plain("server", end, *key));
        }
        let (reader, writer) = split(end);
        match link {
            Link::ClientServer => self.client.call_server(reader, writer, PATIENCE).await,
            _ => self.server.call_dealer(reader, writer).await,
        }
    }
}

async fn serve(trio: Arc<Trio>, end: DuplexStream, sealed: bool) -> Result<(), SessionError> {
    let client = match sealed {
        true => {
            let (reader, writer) = split(end);
            trio.server.accept(reader, writer).await?
        }
        false => plain("client", end, *trio.client.identity.public()),
    };
    let connect = async || {
        let (near, far) = duplex(PIPE);
        tokio::spawn(deal(trio.clone(), far, sealed));
        trio.call(near, Link::ServerDealer, sealed).await
    };
    trio.server.serve(client, connect).await
}

async fn deal(trio: Arc<Trio>, end: DuplexStream, sealed: bool) -> Result<(), SessionError> {
    let server = match sealed {
        true => {
            let (reader, writer) = split(end);
            trio.dealer.accept(reader, writer).await?
        }
        false => plain("server", end, *trio.server.identity().public()),
    };
    trio.dealer.serve(server).await
}

fn fresh() -> Result<Identity, SessionError> {
    Ok(Identity::new(*random_key()?.expose()))
}
