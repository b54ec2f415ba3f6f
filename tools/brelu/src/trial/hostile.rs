//! Clients that do not behave, some of them known to the server.
//!
//! Each goes on until it is stopped or has made [`MOST`] connections. What it hears is of no interest; what counts is
//! what becomes of the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use brelu_core::channel::inference_number;
use brelu_core::client::{Greeting, greet};
use brelu_core::cost;
use brelu_core::plan::{NodeId, Plan};
use brelu_core::transport::{FrameKind, MAX_PAYLOAD};
use brelu_host::client::ClientParty;
use brelu_host::error::SessionError;
use brelu_host::pipe::Pipe;
use brelu_host::secure::ephemeral;
use brelu_host::weights::plan_hash;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex, split};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How one misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// A byte a second: of a handshake, and of a message.
    Slow,
    /// Connects, with a key and without one, and says nothing.
    Silent,
    /// Thousands of connections full of garbage; after a greeting frames without end that nobody asked for.
    Flooding,
    /// Random bytes for a handshake; after a greeting records that do not open.
    Garbage,
    /// Prepares inference after inference and runs none.
    Greedy,
}

impl Habit {
    pub(super) const ALL: [Self; 5] = [Self::Slow, Self::Silent, Self::Flooding, Self::Garbage, Self::Greedy];
}

/// Connections one makes at most.
pub(super) const MOST: usize = 4000;

/// Frames sent in one session that is flooded.
const FLOOD: usize = 4000;

/// Connections one holds at a time while it says nothing.
const HELD: usize = 48;

/// How long one waits for an end that may never come.
const WHILE: Duration = Duration::from_secs(60);

/// A hostile client, which has a key that the server knows.
#[derive(Clone)]
pub(super) struct Enemy {
    pub(super) plan: &'static Plan<'static>,
    pub(super) address: String,
    pub(super) party: Arc<ClientParty>,
    pub(super) timeout: Duration,
    pub(super) connections: Arc<AtomicUsize>,
}

/// What becomes of bytes on their way to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Fair,
    Slow,
    Garbled,
}

/// A session after its greeting.
struct Greeted {
    pipe: Pipe,
    epoch: u32,
    manner: Arc<AtomicU8>,
}

impl Greeted {
    fn turn(&self, manner: Manner) {
        self.manner.store(manner as u8, Relaxed);
    }
}

impl Enemy {
    /// Misbehaves until all its connections are used up.
    pub(super) async fn run(self, habit: Habit) {
        let known = async {
            while self.may_connect() {
                // Whatever it is told, it comes again.
                drop(self.known(habit).await);
                sleep(Duration::from_millis(5)).await;
            }
        };
        let stranger = async {
            while self.may_connect() {
                drop(self.stranger(habit).await);
            }
        };
        tokio::join!(known, stranger);
    }

    fn may_connect(&self) -> bool {
        self.connections.load(Relaxed) < MOST
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        self.connections.fetch_add(1, Relaxed);
        let stream = TcpStream::connect(&self.address).await;
        if stream.is_err() {
            sleep(Duration::from_millis(100)).await;
        }
        stream
    }

    /// What one does that has no key.
    async fn stranger(&self, habit: Habit) -> std::io::Result<()> {
        match habit {
            Habit::Slow => return self.drip().await,
            Habit::Silent => return self.hold().await,
            Habit::Flooding => self.connect().await?.write_all(&[0xa5; 1 << 14]).await?,
            Habit::Garbage => {
                let mut stream = self.connect().await?;
                stream.write_all(&[0x5a; 200]).await?;
                ended(&mut stream).await;
            }
            Habit::Greedy => sleep(Duration::from_secs(1)).await,
        }
        Ok(())
    }

    /// A byte a second.
    async fn drip(&self) -> std::io::Result<()> {
        let mut stream = self.connect().await?;
        for byte in 0..u8::MAX {
            stream.write_all(&[byte]).await?;
            sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    /// Connections without a word.
    async fn hold(&self) -> std::io::Result<()> {
        let mut streams = Vec::new();
        for _ in 0..HELD {
            streams.push(self.connect().await?);
        }
        for stream in &mut streams {
            ended(stream).await;
        }
        Ok(())
    }

    /// What one does that has a key.
    async fn known(&self, habit: Habit) -> Result<(), SessionError> {
        if habit == Habit::Silent {
            return self.wordless().await;
        }
        let mut session = self.greeted().await?;
        match habit {
            Habit::Slow => session.turn(Manner::Slow),
            Habit::Garbage => session.turn(Manner::Garbled),
            _ => {}
        }
        match habit {
            Habit::Flooding => self.flood(&mut session).await,
            _ => self.prepare(&mut session).await,
        }
    }

    /// Secure connections without a word in them.
    async fn wordless(&self) -> Result<(), SessionError> {
        let mut connections = Vec::new();
        for _ in 0..HELD {
            if let Ok(stream) = self.connect().await {
                let (reader, writer) = stream.into_split();
                connections.push(self.party.call_server(reader, writer, self.timeout).await?);
            }
        }
        for connection in &mut connections {
            while connection.pipe.receive_within(WHILE).await.is_ok() {}
        }
        Ok(())
    }

    async fn greeted(&self) -> Result<Greeted, SessionError> {
        let unreachable = |error: std::io::Error| SessionError::Unreachable {
            peer: "server",
            address: self.address.clone(),
            error: error.to_string(),
        };
        let (reader, writer) = self.connect().await.map_err(unreachable)?.into_split();
        let (near, inner) = duplex(1 << 16);
        let manner = Arc::new(AtomicU8::new(Manner::Fair as u8));
        tokio::spawn(pump(split(inner).0, writer, manner.clone()));
        let mut connection = self.party.call_server(reader, split(near).1, self.timeout).await?;
        let (party, hash) = (&self.party, plan_hash(self.plan));
        let greeting = Greeting {
            identity: &party.identity,
            server: &party.server,
            dealer: &party.dealer,
            plan: &hash,
            floor: party.epochs.floor(party.server.bytes())?,
            max_payload: MAX_PAYLOAD as u32,
            ephemeral: ephemeral()?,
        };
        let session = greet(&mut connection.pipe, greeting).await?;
        party.epochs.consume(party.server.bytes(), session.epoch)?;
        Ok(Greeted { pipe: connection.pipe, epoch: session.epoch, manner })
    }

    /// Frames without end, after some that have their place.
    async fn flood(&self, session: &mut Greeted) -> Result<(), SessionError> {
        let number = inference_number(session.epoch, 1);
        session.pipe.send_frame(FrameKind::Prepare, number.to_le_bytes().to_vec()).await?;
        for _ in 0..FLOOD {
            session.pipe.send_frame(FrameKind::Data, vec![0; 1 << 15]).await?;
        }
        Ok(())
    }

    /// Inference after inference; the messages have the right lengths and say nothing.
    async fn prepare(&self, session: &mut Greeted) -> Result<(), SessionError> {
        for index in 1.. {
            let number = inference_number(session.epoch, index);
            session.pipe.send_frame(FrameKind::Prepare, number.to_le_bytes().to_vec()).await?;
            for id in 0..self.plan.len() as NodeId {
                let bytes = cost::step(self.plan, id).client_offline.div_ceil(8) as usize;
                session.pipe.send_data(&vec![0; bytes]).await?;
            }
            session.pipe.receive_kind(FrameKind::Ready, "a word that it is prepared").await?;
        }
        Ok(())
    }
}

/// Waits until the other end closes the connection.
async fn ended(stream: &mut TcpStream) {
    let mut buffer = [0; 256];
    let all = async { while stream.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {} };
    // Whoever waits in vain goes on.
    drop(tokio::time::timeout(WHILE, all).await);
}

/// Carries bytes in the manner that is set.
async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, manner: Arc<AtomicU8>) {
    let mut buffer = vec![0; 1 << 14];
    loop {
        let now = manner.load(Relaxed);
        let room = if now == Manner::Slow as u8 { 1 } else { buffer.len() };
        let Ok(bytes @ 1..) = from.read(&mut buffer[..room]).await else { return };
        if now == Manner::Garbled as u8 {
            buffer[..bytes].iter_mut().for_each(|byte| *byte ^= 0xa5);
        }
        if to.write_all(&buffer[..bytes]).await.is_err() {
            return;
        }
        if now == Manner::Slow as u8 {
            sleep(Duration::from_secs(1)).await;
        }
    }
}
