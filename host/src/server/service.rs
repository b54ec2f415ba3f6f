//! The server as a service: one session for every connection of a client, each with its own connection to the dealer.

use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::{Caller, Identity, Pair, PublicKey};
use tokio::io::{AsyncRead, AsyncWrite};

use super::ServerModel;
use super::delegations::Delegations;
use super::device::DeviceSession;
use super::live::Live;
use super::session::{Left, Session};
use crate::cancellation::Cancellation;
use crate::error::SessionError;
use crate::event::Observer;
use crate::hello::decode;
use crate::keys::Access;
use crate::quota::{Clock, Quota};
use crate::secure::{Call, Connection};
use crate::state::{Epochs, Generations, Ready, Usage};

/// Limits of a server.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// How long a peer may be silent in the middle of a message.
    pub timeout: Duration,
    /// How long a client may do nothing.
    pub idle: Duration,
    /// How many prepared inferences are kept for one client.
    pub ready: usize,
    /// How many sessions one client may have at a time.
    pub sessions: usize,
    /// How long what is prepared is kept for a client that is gone; for ever if this is `None`.
    pub linger: Option<Duration>,
    /// How many inferences a client may have as far as the list does not say. Devices of a delegate have theirs as if they
    /// were clients; what they have does not count as the delegate's.
    pub quota: Quota,
    /// Tells the day, for quotas and for the records of who had how much.
    pub clock: Clock,
    /// Is told what happens.
    pub observer: Observer,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            idle: Duration::from_secs(600),
            ready: 8,
            sessions: 8,
            linger: Some(Duration::from_secs(600)),
            quota: Quota::default(),
            clock: Clock::default(),
            observer: Observer::default(),
        }
    }
}

/// Who a server is, whom it knows, and what it keeps.
#[derive(Debug)]
pub struct ServerParty {
    /// Its key pair.
    pub identity: Identity,
    /// The dealer's public key.
    pub dealer: PublicKey,
    /// The clients that may connect.
    pub clients: Access,
    /// The epochs used with every client.
    pub epochs: Epochs,
    /// How many inferences of every client have begun.
    pub generations: Generations,
    /// Prepared inferences.
    pub ready: Ready,
    /// How many inferences every client had.
    pub usage: Usage,
}

/// A server of one model.
#[derive(Debug)]
pub struct Server {
    pub(super) model: Arc<ServerModel>,
    pub(super) party: Arc<ServerParty>,
    pub(super) options: ServerOptions,
    pub(super) live: Arc<Live>,
    pub(super) delegations: Delegations,
    pub(super) cancellation: Cancellation,
}

impl Server {
    /// A server of `model`.
    pub fn new(model: Arc<ServerModel>, party: ServerParty, options: ServerOptions) -> Self {
        let (live, delegations, cancellation) = Default::default();
        Self { model, party: Arc::new(party), options, live, delegations, cancellation }
    }

    /// Ends every session as soon as it has finished what it is doing.
    pub fn stop(&self) {
        self.cancellation.stop();
    }

    /// Its key pair.
    pub fn identity(&self) -> &Identity {
        &self.party.identity
    }

    /// How it calls its dealer.
    pub fn dealer_call(&self) -> Call {
        Call { pair: Pair::ServerDealer, peer: "dealer", timeout: self.options.timeout }
    }

    /// How it is called by clients.
    pub fn client_call(&self) -> Call {
        Call { pair: Pair::ClientServer, peer: "client", timeout: self.options.timeout }
    }

    /// Calls the dealer over an open connection.
    ///
    /// # Errors
    /// If the connection fails, the dealer refuses, or is somebody else.
    pub async fn call_dealer(
        &self,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Connection, SessionError> {
        self.dealer_call().connect(reader, writer, &self.party.identity, &self.party.dealer).await
    }

    /// Answers a client that calls over an open connection, if it may connect.
    ///
    /// # Errors
    /// If the connection fails or the client may not connect; it has been told.
    pub async fn accept(
        &self,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Connection, SessionError> {
        let admit = |key: &PublicKey| self.party.clients.admit("client", key).map(drop);
        self.client_call().accept(reader, writer, &self.party.identity, admit).await
    }

    /// Serves one client, or one device whose delegate is a client, until it is done. `connect` reaches the dealer, see [`Self::call_dealer`].
    ///
    /// # Errors
    /// Whatever ended the session early; the client has been told.
    pub async fn serve(
        &self,
        mut client: Connection,
        connect: impl AsyncFnOnce() -> Result<Connection, SessionError>,
    ) -> Result<(), SessionError> {
        let result = async {
            let (words, peer) = (client.hello().await?, *client.keys.peer());
            match decode("client", &words)? {
                Caller::Client(hello) => {
                    let mut session = Session::greet(self, peer, &mut client.pipe, &hello, connect).await?;
                    let done = session.run().await;
                    let left = session.part().await;
                    self.forget(left);
                    done
                }
                Caller::Device(hello) => {
                    DeviceSession::greet(self, peer, &mut client.pipe, &hello)?.run().await
                }
            }
        };
        let result = result.await;
        match &result {
            Err(error) if error.is_passing() => client.pipe.postpone(&error.for_peer("client")).await,
            Err(error) => client.pipe.fail(&error.for_peer("client")).await,
            Ok(()) => {}
        }
        result
    }

    /// Discards what a client that is gone has prepared, if it does not come back for it in time.
    fn forget(&self, left: Left) {
        let Some(linger) = self.options.linger.filter(|_| !left.numbers.is_empty()) else { return };
        let (party, live) = (self.party.clone(), self.live.clone());
        tokio::spawn(async move {
            tokio::time::sleep(linger).await;
            let discard = move || {
                for number in left.numbers.iter().filter(|number| !live.holds(&left.client, **number)) {
                    // What cannot be discarded now is evicted when its room is needed.
                    drop(party.ready.discard(&left.namespace, *number));
                }
            };
            drop(tokio::task::spawn_blocking(discard).await);
        });
    }
}
