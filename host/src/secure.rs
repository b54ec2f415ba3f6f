//! Secure connections over any asynchronous byte stream: who calls, who answers, and who may.

use std::time::Duration;

use brelu_core::channel::{
    ANSWER_LEN, Ephemeral, FIRST_OVERHEAD, HandshakeError, Identity, Initiator, Pair, PublicKey, Refusal,
    Responder, SessionKeys,
};
use brelu_core::transport::FrameKind;
use getrandom::SysRng;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::error::SessionError;
use crate::keys::KeyError;
use crate::pipe::{NetError, Payload, Pipe};

/// A connection after its handshake: frames, and who is at the other end.
#[derive(Debug)]
pub struct Connection {
    /// Carries frames.
    pub pipe: Pipe,
    /// The other end, and the keys shared with it.
    pub keys: SessionKeys,
    /// The caller's first words, if they were read already.
    hello: Option<Payload>,
}

impl Connection {
    /// A connection whose first words are still to come.
    pub const fn new(pipe: Pipe, keys: SessionKeys) -> Self {
        Self { pipe, keys, hello: None }
    }

    /// The caller's first words.
    pub(crate) async fn hello(&mut self) -> Result<Payload, NetError> {
        match self.hello.take() {
            Some(words) => Ok(words),
            None => self.pipe.receive_kind(FrameKind::Hello, "a greeting").await,
        }
    }
}

/// A fresh secret for one handshake.
///
/// # Errors
/// If the system has no randomness.
pub fn ephemeral() -> Result<Ephemeral, KeyError> {
    Ephemeral::generate(&mut SysRng).map_err(|_| KeyError::NoRandomness)
}

/// How long the messages of a handshake may take, whatever the time-out of a session is.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Whom a connection is with, and how long to wait for it.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Which two parties are connected.
    pub pair: Pair,
    /// What the other end is called in errors.
    pub peer: &'static str,
    /// How long it may be silent.
    pub timeout: Duration,
}

impl Call {
    fn failed(&self, error: HandshakeError) -> SessionError {
        NetError::Handshake { peer: self.peer, error }.into()
    }

    async fn within<T>(&self, work: impl Future<Output = std::io::Result<T>>) -> Result<T, NetError> {
        let (peer, patience) = (self.peer, self.timeout.min(HANDSHAKE_TIMEOUT));
        let silent = NetError::TimedOut { peer, seconds: patience.as_secs() };
        timeout(patience, work).await.map_err(|_| silent)?.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => NetError::Closed(peer),
            _ => NetError::Broken { peer, error: error.to_string() },
        })
    }

    /// Calls the party that is known by `pinned`.
    ///
    /// # Errors
    /// If the connection fails, the other end refuses, or is somebody else.
    pub async fn connect(
        self,
        mut reader: impl AsyncRead + Send + Unpin + 'static,
        mut writer: impl AsyncWrite + Send + Unpin + 'static,
        identity: &Identity,
        pinned: &PublicKey,
    ) -> Result<Connection, SessionError> {
        let mut initiator = Initiator::new(identity, pinned, self.pair, &[], ephemeral()?);
        let (mut first, mut answer) = ([0; FIRST_OVERHEAD], [0; ANSWER_LEN]);
        initiator.write(&[], &mut first).map_err(|error| self.failed(error))?;
        let exchange = async {
            writer.write_all(&first).await?;
            writer.flush().await?;
            reader.read_exact(&mut answer).await
        };
        self.within(exchange).await?;
        let agreed = initiator.read_answer(&answer).map_err(|error| self.failed(error))?;
        let (keys, sealer, opener) = agreed.into_parts();
        let pipe = Pipe::new(self.peer, reader, writer, self.timeout, Some((sealer, opener)));
        Ok(Connection::new(pipe, keys))
    }

    /// Answers a party that calls, if `admit` lets it, and waits for its first words: before these, it may be a recording of
    /// somebody who called earlier. Who may not connect is told so.
    ///
    /// # Errors
    /// If the connection fails, the caller's words are not for this key, or it may not connect.
    pub async fn accept(
        self,
        mut reader: impl AsyncRead + Send + Unpin + 'static,
        mut writer: impl AsyncWrite + Send + Unpin + 'static,
        identity: &Identity,
        admit: impl FnOnce(&PublicKey) -> Result<(), SessionError>,
    ) -> Result<Connection, SessionError> {
        let mut first = [0; FIRST_OVERHEAD];
        self.within(reader.read_exact(&mut first)).await?;
        let read = Responder::read(identity, self.pair, &[], ephemeral()?, &first, &mut []);
        let responder = match read {
            Ok(responder) => responder,
            Err(error) => {
                self.refuse(&mut reader, &mut writer, identity, Refusal::Unreadable).await;
                return Err(self.failed(error));
            }
        };
        if let Err(error) = admit(responder.peer()) {
            self.refuse(&mut reader, &mut writer, identity, Refusal::NotAuthorised).await;
            return Err(error);
        }
        let (answer, agreed) = responder.answer().map_err(|error| self.failed(error))?;
        let reply = async {
            writer.write_all(&answer).await?;
            writer.flush().await
        };
        self.within(reply).await?;
        let (keys, sealer, opener) = agreed.into_parts();
        let mut pipe = Pipe::new(self.peer, reader, writer, self.timeout, Some((sealer, opener)));
        let (kind, words) = pipe.receive_within(self.timeout.min(HANDSHAKE_TIMEOUT)).await?;
        if kind != FrameKind::Hello {
            return Err(SessionError::Frame { peer: self.peer, got: kind });
        }
        Ok(Connection { pipe, keys, hello: Some(words) })
    }

    /// Whoever is refused may not listen any more, which is no concern of this party.
    async fn refuse(
        &self,
        reader: &mut (impl AsyncRead + Unpin),
        writer: &mut (impl AsyncWrite + Unpin),
        identity: &Identity,
        refusal: Refusal,
    ) {
        let words = async {
            writer.write_all(&refusal.encode(identity.public())).await?;
            writer.shutdown().await?;
            // What still arrives is read, or the connection would be reset and the refusal lost.
            let mut rest = [0; 512];
            for _ in 0..64 {
                if reader.read(&mut rest).await? == 0 {
                    break;
                }
            }
            Ok::<_, std::io::Error>(())
        };
        drop(timeout(Duration::from_secs(1), words).await);
    }
}
