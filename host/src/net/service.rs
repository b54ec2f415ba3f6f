use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::dealer::Dealer;
use crate::delegate::Delegate;
use crate::error::SessionError;
use crate::secure::Connection;
use crate::server::Server;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinError};

use super::{Listener, Stream, connect};

/// Why a service cannot listen.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Somebody else listens there.
    #[error(
        "{0} is in use already: stop the process that listens there, or give another address with --listen \
         (port 0 picks a free port)"
    )]
    InUse(String),
    /// The system refuses.
    #[error("cannot listen on {address}: {error}; give ADDRESS:PORT of this machine with --listen")]
    Refused {
        /// Where.
        address: String,
        /// The system's words.
        error: std::io::Error,
    },
}

/// A party that others connect to.
pub trait Host: Send + Sync + 'static {
    /// Makes a connection secure.
    fn accept(&self, stream: Stream) -> impl Future<Output = Result<Connection, SessionError>> + Send;

    /// Serves a peer until it is done.
    fn serve(&self, connection: Connection) -> impl Future<Output = Result<(), SessionError>> + Send;

    /// Ends every session as soon as it has finished what it is doing.
    fn stop(&self);
}

/// A server and where its dealer is.
#[derive(Debug)]
pub struct Serving {
    /// The server.
    pub server: Server,
    /// Address and port of the dealer.
    pub dealer: String,
    /// How long to wait for a dealer that does not listen.
    pub wait: Duration,
}

impl Host for Serving {
    async fn accept(&self, (reader, writer): Stream) -> Result<Connection, SessionError> {
        self.server.accept(reader, writer).await
    }

    async fn serve(&self, connection: Connection) -> Result<(), SessionError> {
        let reach = async || {
            let (reader, writer) = connect("dealer", &self.dealer, self.wait, || ()).await?;
            self.server.call_dealer(reader, writer).await
        };
        self.server.serve(connection, reach).await
    }

    fn stop(&self) {
        self.server.stop();
    }
}

/// A delegate and where its server is.
#[derive(Debug)]
pub struct Delegating {
    /// The delegate.
    pub delegate: Delegate,
    /// Address and port of the server.
    pub server: String,
    /// How long to wait for a server that does not listen.
    pub wait: Duration,
}

impl Host for Delegating {
    async fn accept(&self, (reader, writer): Stream) -> Result<Connection, SessionError> {
        self.delegate.accept(reader, writer).await
    }

    async fn serve(&self, connection: Connection) -> Result<(), SessionError> {
        let reach = async || {
            let (reader, writer) = connect("server", &self.server, self.wait, || ()).await?;
            self.delegate.call_server(reader, writer).await
        };
        self.delegate.serve(connection, reach).await
    }

    fn stop(&self) {
        self.delegate.stop();
    }
}

impl Host for Dealer {
    async fn accept(&self, (reader, writer): Stream) -> Result<Connection, SessionError> {
        Dealer::accept(self, reader, writer).await
    }

    async fn serve(&self, connection: Connection) -> Result<(), SessionError> {
        Dealer::serve(self, connection).await
    }

    fn stop(&self) {
        Dealer::stop(self);
    }
}

/// Accepts connections, each served by a task of its own; one that fails ends nothing but itself.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Who connects, for the log.
    pub peer: &'static str,
    /// Most sessions at a time; further peers are told to come back.
    pub most: usize,
    /// How long sessions may take to end after a request to stop.
    pub grace: Duration,
    /// Is told, in a line each, of what happens to sessions.
    pub log: fn(std::fmt::Arguments<'_>),
}

/// Connections whose handshake is not done. Beyond these the oldest one is dropped: whoever follows the protocol is
/// done in milliseconds.
const HANDSHAKES: usize = 128;

/// The handshakes in progress.
#[derive(Default)]
struct Handshakes(Mutex<VecDeque<AbortHandle>>);

impl Handshakes {
    fn add(&self, handle: AbortHandle) {
        let mut handles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handles.retain(|handle| !handle.is_finished());
        if handles.len() >= HANDSHAKES {
            handles.pop_front().inspect(AbortHandle::abort);
        }
        handles.push_back(handle);
    }
}

impl Service {
    /// Serves until `stopped` is done, then lets sessions finish what they are doing for as long as the grace lasts.
    pub async fn run(self, listener: Listener, host: Arc<impl Host>, stopped: impl Future<Output = ()>) {
        let (places, handshakes) = (Arc::new(Semaphore::new(self.most)), Handshakes::default());
        tokio::select! {
            () = self.accept(&listener, &host, &places, &handshakes) => {}
            () = stopped => {}
        }
        drop(listener);
        host.stop();
        let all = places.acquire_many(self.most as u32);
        let ended = tokio::time::timeout(self.grace, all).await.is_ok();
        (self.log)(format_args!("{}", if ended { "stopped" } else { "stopped, sessions were cut off" }));
    }

    async fn accept(
        self,
        listener: &Listener,
        host: &Arc<impl Host>,
        places: &Arc<Semaphore>,
        handshakes: &Handshakes,
    ) {
        loop {
            let (stream, from) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: sessions that end will free some.
                    (self.log)(format_args!("a connection could not be accepted: {error}"));
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            let (host, places) = (host.clone(), places.clone());
            let (send, ready) = tokio::sync::oneshot::channel();
            let handshake = tokio::spawn({
                let host = host.clone();
                async move { drop(send.send(host.accept(stream).await)) }
            });
            handshakes.add(handshake.abort_handle());
            tokio::spawn(async move {
                match ready.await {
                    Ok(Ok(connection)) => self.session(from, connection, host, places).await,
                    Ok(Err(error)) => (self.log)(format_args!("{} {from}: {error}", self.peer)),
                    Err(_) => (self.log)(format_args!("{} {from}: dropped, it was too slow", self.peer)),
                }
            });
        }
    }

    async fn session(
        self,
        from: String,
        mut connection: Connection,
        host: Arc<impl Host>,
        places: Arc<Semaphore>,
    ) {
        let (peer, key) = (self.peer, connection.keys.peer().id());
        let Ok(_place) = places.try_acquire_owned() else {
            let most = self.most;
            (self.log)(format_args!("{peer} {key} at {from}: turned away, all {most} places are taken"));
            return connection.pipe.postpone(&format!("all {most} places are taken")).await;
        };
        (self.log)(format_args!("{peer} {key} at {from}: connected"));
        let result = tokio::spawn(async move { host.serve(connection).await }).await;
        self.farewell(&format!("{peer} {key} at {from}"), result);
    }

    fn farewell(&self, who: &str, result: Result<Result<(), SessionError>, JoinError>) {
        match result {
            Ok(Ok(())) => (self.log)(format_args!("{who}: done")),
            Ok(Err(error)) => (self.log)(format_args!("{who}: ended early: {error}")),
            Err(error) => (self.log)(format_args!("{who}: ended by a defect: {error}")),
        }
    }
}
