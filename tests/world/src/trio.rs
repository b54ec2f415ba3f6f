use std::sync::Arc;

use brelu_core::channel::{Identity, PublicKey};
use brelu_core::prf::PairKey;
use brelu_host::client::ClientParty;
use brelu_host::dealer::{Dealer, DealerOptions, DealerParty};
use brelu_host::error::SessionError;
use brelu_host::event::Observer;
use brelu_host::keys::{Access, KeyError, random_key};
use brelu_host::secure::Connection;
use brelu_host::server::{Server, ServerModel, ServerOptions, ServerParty};
use brelu_host::state::{Epochs, Generations, Limits, Ready, Usage};
use tokio::io::{DuplexStream, split};

use super::{Cut, Route, Wire};

/// Three parties.
#[derive(Clone, Debug)]
pub struct Trio {
    /// Has the input.
    pub client: Arc<ClientParty>,
    /// Has the weights.
    pub server: Arc<Server>,
    /// Has randomness.
    pub dealer: Arc<Dealer>,
}

impl Trio {
    /// Parties with new keys that let anybody in and keep everything in memory; `observer` is the client's.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub fn new(
        model: Arc<ServerModel>,
        options: ServerOptions,
        dealer_options: DealerOptions,
        observer: Observer,
    ) -> Result<Self, KeyError> {
        let [client, server, dealer] = [fresh()?, fresh()?, fresh()?];
        let (server_key, dealer_key) = (*server.public(), *dealer.public());
        let limits = Limits { items: options.ready, peer_bytes: u64::MAX, bytes: u64::MAX };
        let party = ServerParty {
            identity: server,
            dealer: dealer_key,
            clients: Access::Anybody,
            epochs: Epochs::memory(),
            generations: Generations::memory(),
            ready: Ready::memory(limits),
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
        let client = ClientParty::in_memory(client, server_key, dealer_key).observed(observer);
        Ok(Self {
            client: Arc::new(client),
            server: Arc::new(Server::new(model, party, options)),
            dealer: Arc::new(Dealer::new(dealer_party, dealer_options)),
        })
    }

    /// Starts a server session and, when the server asks for it, a dealer session; the client's end of the connection.
    ///
    /// # Errors
    /// If the two do not get a secure connection.
    pub async fn connect(&self, wire: &Wire) -> Result<Connection, SessionError> {
        self.connect_as(*self.client.identity.public(), Route::ClientServer, wire).await
    }

    /// As [`Self::connect`], over another link than the client's; in the clear, the caller has `key`.
    ///
    /// # Errors
    /// As there.
    pub async fn connect_as(
        &self,
        key: PublicKey,
        there: Route,
        wire: &Wire,
    ) -> Result<Connection, SessionError> {
        let (near, far) = wire.pair(there);
        self.answer(far, key, wire);
        match wire.cut {
            Cut::Frames => Ok(wire.clear("server", near, self.client.server, NO_ROOT)),
            Cut::Records => {
                let (reader, writer) = split(near);
                self.client.call_server(reader, writer, wire.patience).await
            }
        }
    }

    /// Starts a server session with whoever has the other end of `end`; in the clear, it has `key`.
    pub fn answer(&self, end: DuplexStream, key: PublicKey, wire: &Wire) {
        let (trio, wire) = (self.clone(), wire.clone());
        // Whoever is at the other end is told of failures.
        tokio::spawn(async move {
            let caller = match wire.cut {
                Cut::Frames => wire.clear("client", end, key, NO_ROOT),
                Cut::Records => {
                    let (reader, writer) = split(end);
                    trio.server.accept(reader, writer).await?
                }
            };
            trio.server.serve(caller, async || trio.reach(&wire).await).await
        });
    }

    /// The server's connection to the dealer.
    async fn reach(&self, wire: &Wire) -> Result<Connection, SessionError> {
        let (near, far) = wire.pair(Route::ServerDealer);
        let dealer = self.dealer.clone();
        match wire.cut {
            Cut::Frames => {
                let root = *random_key()?.expose();
                let server = wire.clear("server", far, *self.server.identity().public(), root);
                tokio::spawn(async move { dealer.serve(server).await });
                Ok(wire.clear("dealer", near, *self.dealer.identity().public(), root))
            }
            Cut::Records => {
                tokio::spawn(async move {
                    let (reader, writer) = split(far);
                    dealer.serve(dealer.accept(reader, writer).await?).await
                });
                let (reader, writer) = split(near);
                self.server.call_dealer(reader, writer).await
            }
        }
    }
}

/// Between clients and servers no masks come from what the handshake agreed on.
const NO_ROOT: [u8; PairKey::LEN] = [0; PairKey::LEN];

fn fresh() -> Result<Identity, KeyError> {
    Ok(Identity::new(*random_key()?.expose()))
}
