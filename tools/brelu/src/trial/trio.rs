//! Server, dealer and client in this process, with a trap on the links between them.

use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::Identity;
use brelu_host::client::ClientParty;
use brelu_host::dealer::{Dealer, DealerOptions, DealerParty};
use brelu_host::error::SessionError;
use brelu_host::keys::{Access, random_key};
use brelu_host::secure::Connection;
use brelu_host::server::{Server, ServerModel, ServerOptions, ServerParty};
use brelu_host::state::{Epochs, Generations, Limits, Ready, Usage};
use tokio::io::{DuplexStream, duplex, split};
use tokio::net::{TcpListener, TcpStream};

use super::TrialError;
use super::numbers::{Numbers, Reporter};
use super::trap::{Census, Trap};
use super::wire::{Link, Tap, join};

/// Bytes a connection holds, about what sockets hold.
const PIPE: usize = 1 << 18;

/// Prepared inferences a server keeps for a client.
const READY: usize = 2;

/// Three parties that met nobody before.
pub(super) struct Trio {
    server: Server,
    dealer: Arc<Dealer>,
    pub(super) client: Arc<ClientParty>,
    pub(super) trap: Arc<Trap>,
    census: Option<Census>,
}

pub(super) fn fresh() -> Result<Identity, TrialError> {
    Ok(Identity::new(*random_key()?.expose()))
}

impl Trio {
    /// Parties with new keys. They are patient for `timeout`, and keep everything in memory.
    pub(super) fn new(
        model: Arc<ServerModel>,
        timeout: Duration,
        numbers: &Numbers,
        census: Option<Census>,
    ) -> Result<Self, TrialError> {
        let [client, server, dealer] = [fresh()?, fresh()?, fresh()?];
        let (server_key, dealer_key) = (*server.public(), *dealer.public());
        let party = ServerParty {
            identity: server,
            dealer: dealer_key,
            clients: Access::Anybody,
            epochs: Epochs::memory(),
            generations: Generations::memory(),
            ready: Ready::memory(Limits { items: READY, peer_bytes: u64::MAX, bytes: u64::MAX }),
            usage: Usage::memory(),
        };
        let (idle, observer) = (3 * timeout, numbers.observer(Reporter::Server));
        let options = ServerOptions { timeout, idle, ready: READY, observer, ..ServerOptions::default() };
        let dealer_party = DealerParty {
            identity: dealer,
            servers: Access::Anybody,
            clients: Access::Anybody,
            epochs: Epochs::memory(),
            generations: Generations::memory(),
            models: None,
        };
        let observer = numbers.observer(Reporter::Dealer);
        let dealer_options = DealerOptions { timeout, idle, observer, ..DealerOptions::default() };
        let client = ClientParty::in_memory(client, server_key, dealer_key);
        Ok(Self {
            server: Server::new(model, party, options),
            dealer: Arc::new(Dealer::new(dealer_party, dealer_options)),
            client: Arc::new(client.observed(numbers.observer(Reporter::Client))),
            trap: Arc::default(),
            census,
        })
    }

    fn tap(&self, there: Link) -> Tap {
        self.census.as_ref().map_or_else(|| self.trap.tap(there), Census::tap)
    }

    /// Serves clients that connect to `listener`, for as long as this is polled.
    pub(super) async fn listen(self: Arc<Self>, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            // Only a connection that is gone refuses this, and its session will find out.
            drop(stream.set_nodelay(true));
            let far = self.wired(stream);
            let trio = self.clone();
            // Whoever is at the other end is told of failures.
            tokio::spawn(async move { drop(trio.serve(far).await) });
        }
    }

    /// The server's end of a connection whose client's end is `stream`.
    fn wired(&self, stream: TcpStream) -> DuplexStream {
        let (far, inner) = duplex(PIPE);
        let tap = self.tap(Link::ClientServer);
        tokio::spawn(join(Link::ClientServer, tap, stream.into_split(), split(inner)));
        far
    }

    async fn serve(self: Arc<Self>, end: DuplexStream) -> Result<(), SessionError> {
        let (reader, writer) = split(end);
        let client = self.server.accept(reader, writer).await?;
        self.server.serve(client, async || self.reach().await).await
    }

    /// The server's connection to the dealer.
    async fn reach(&self) -> Result<Connection, SessionError> {
        let ((near, near_inner), (far, far_inner)) = (duplex(PIPE), duplex(PIPE));
        let tap = self.tap(Link::ServerDealer);
        tokio::spawn(join(Link::ServerDealer, tap, split(near_inner), split(far_inner)));
        let dealer = self.dealer.clone();
        tokio::spawn(async move {
            let (reader, writer) = split(far);
            dealer.serve(dealer.accept(reader, writer).await?).await
        });
        let (reader, writer) = split(near);
        self.server.call_dealer(reader, writer).await
    }
}
