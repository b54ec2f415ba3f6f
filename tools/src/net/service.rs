use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use brelu_core::transport::FrameKind;
use brelu_host::error::SessionError;
use brelu_host::pipe::Pipe;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

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

/// Listens on `address`.
///
/// # Errors
/// If the port is in use or the address is not one of this machine.
pub async fn bind(address: &str) -> Result<TcpListener, ListenError> {
    let refused = |error: std::io::Error| match error.kind() {
        ErrorKind::AddrInUse => ListenError::InUse(address.into()),
        _ => ListenError::Refused { address: address.into(), error },
    };
    TcpListener::bind(address).await.map_err(refused)
}

/// Accepts connections, each served by a task of its own; one that fails ends nothing but itself.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Who connects, for the log.
    pub peer: &'static str,
    /// Most connections at a time; more are told to come back.
    pub most: usize,
    /// How long a refused peer may take to hear so.
    pub timeout: Duration,
    /// Whether sessions are logged to stderr.
    pub log: bool,
}

impl Service {
    /// Serves for as long as this future is polled.
    pub async fn run<F>(&self, listener: &TcpListener, serve: impl Fn(TcpStream) -> F)
    where
        F: Future<Output = Result<(), SessionError>> + Send + 'static,
    {
        let places = Arc::new(Semaphore::new(self.most));
        loop {
            let (stream, from) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: sessions that end will free some.
                    self.note(format_args!("a connection could not be accepted: {error}"));
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            // Only a connection that is gone refuses this, and its session will find out.
            drop(stream.set_nodelay(true));
            let Ok(place) = places.clone().try_acquire_owned() else {
                self.note(format_args!("{} {from}: refused, all {} places are taken", self.peer, self.most));
                tokio::spawn(refuse(stream, *self));
                continue;
            };
            self.note(format_args!("{} {from}: connected", self.peer));
            let (service, session) = (*self, tokio::spawn(serve(stream)));
            tokio::spawn(async move {
                service.farewell(from, session.await);
                drop(place);
            });
        }
    }

    fn farewell(&self, from: SocketAddr, result: Result<Result<(), SessionError>, tokio::task::JoinError>) {
        match result {
            Ok(Ok(())) => self.note(format_args!("{} {from}: done", self.peer)),
            Ok(Err(error)) => self.note(format_args!("{} {from}: ended early: {error}", self.peer)),
            Err(error) => self.note(format_args!("{} {from}: ended by a defect: {error}", self.peer)),
        }
    }

    /// Writes a line to the log.
    pub fn note(&self, line: std::fmt::Arguments<'_>) {
        if self.log {
            crate::report::note(line);
        }
    }
}

async fn refuse(stream: TcpStream, service: Service) {
    let (reader, writer) = stream.into_split();
    let mut pipe = Pipe::new(service.peer, reader, writer, service.timeout);
    // Closing before the greeting was read would reset the connection and lose the answer.
    if pipe.receive_kind(FrameKind::Hello, "a greeting").await.is_ok() {
        let most = service.most;
        pipe.fail(&format!("all {most} places are taken: try again later, or start it with more of them"))
            .await;
    }
}
