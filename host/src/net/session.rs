use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::{ClientMemory, ClientParty, HostClient};
use crate::error::SessionError;
use brelu_core::client::{Progress, Workspace};
use brelu_core::cost::{self, Total, Traffic};
use brelu_core::plan::Plan;

use super::{Patience, connect};

/// One inference and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Logits in units of the plan's output scale, or labels.
    pub output: Vec<i32>,
    /// Time of the preparation, before the input was used; zero if it was done in an earlier session.
    pub offline: Duration,
    /// Time from the input to the result.
    pub online: Duration,
    /// Bytes of the messages, by link and phase; those of this session.
    pub bytes: Traffic,
    /// Round trips between the input and the result.
    pub round_trips: u32,
    /// Whether the bytes are exactly what the formulas say.
    pub exact: bool,
}

/// What one preparation took.
#[derive(Clone, Copy)]
struct Prepared {
    time: Duration,
    bytes: Traffic,
}

/// Where a session is to be had.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// The plan.
    pub plan: &'a Plan<'a>,
    /// Address and port of the server.
    pub address: String,
    /// How long to wait for it.
    pub patience: Patience,
    /// Who the client is.
    pub party: Arc<ClientParty>,
}

/// What a session tells while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It waits for somebody.
    Waiting(String),
    /// Something was lost and is tried again.
    Lost(String),
}

/// A client's session with a server over TCP that measures every inference, and finds its way back when the connection is
/// lost.
pub struct ClientSession<'a> {
    target: Target<'a>,
    link: Connected<'a>,
    expected: Total,
    prepared: HashMap<u64, Prepared>,
    notice: Box<dyn Fn(Notice) + Send + Sync + 'a>,
}

/// A client that is connected, or the memory for one.
enum Connected<'a> {
    Up(Box<HostClient<'a>>),
    Down(Option<Workspace<'a>>),
}

impl std::fmt::Debug for ClientSession<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientSession(with {})", self.target.address)
    }
}

/// For how long something is tried again.
struct Retry {
    end: Instant,
    pause: Duration,
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

fn connecting(error: SessionError) -> Notice {
    Notice::Waiting(format!("{error}; connecting again"))
}

fn running(error: SessionError) -> Notice {
    Notice::Lost(format!(
        "{error}; what was prepared for this inference is discarded, and it is run again under another number"
    ))
}

impl<'a> ClientSession<'a> {
    /// Connects to the server and greets it; `notice` is told when it is not there, or gone.
    ///
    /// # Errors
    /// If nobody answers there, or not as the server of this plan.
    pub async fn start(
        target: Target<'a>,
        memory: &'a mut ClientMemory,
        notice: impl Fn(Notice) + Send + Sync + 'a,
    ) -> Result<Self, SessionError> {
        let link = Connected::Down(Some(memory.workspace()));
        let (expected, notice) = (cost::total(target.plan), Box::new(notice));
        let mut session = Self { target, link, expected, prepared: HashMap::new(), notice };
        let mut retry = session.retry();
        loop {
            match session.client().await.map(drop) {
                Ok(()) => return Ok(session),
                Err(error) => session.recover(&mut retry, error, connecting).await?,
            }
        }
    }

    /// Waits before something that failed is tried again, if it failed for a reason that may pass and patience lasts. Whatever
    /// was in progress is lost; `again` says so.
    async fn recover(
        &mut self,
        retry: &mut Retry,
        error: SessionError,
        again: fn(SessionError) -> Notice,
    ) -> Result<(), SessionError> {
        self.hang_up();
        let hopeless = matches!(error, SessionError::Unreachable { .. });
        if !error.is_passing() || hopeless || Instant::now() + retry.pause > retry.end {
            return Err(error);
        }
        (self.notice)(again(error));
        tokio::time::sleep(retry.pause).await;
        retry.pause = (retry.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }

    fn retry(&self) -> Retry {
        Retry { end: Instant::now() + self.target.patience.connect, pause: FIRST_PAUSE }
    }

    /// Keeps the memory of a client whose connection is of no use any more.
    fn hang_up(&mut self) {
        let link = std::mem::replace(&mut self.link, Connected::Down(None));
        self.link = match link {
            Connected::Up(client) => Connected::Down(Some(client.release())),
            down => down,
        };
    }

    /// The client, connected if it is not.
    async fn client(&mut self) -> Result<&mut HostClient<'a>, SessionError> {
        if let Connected::Down(work) = &mut self.link {
            let (target, notice) = (&self.target, &self.notice);
            let waiting = || notice(Notice::Waiting(format!("waiting for the server at {}", target.address)));
            let (reader, writer) =
                connect("server", &target.address, target.patience.connect, waiting).await?;
            let connection = target.party.call_server(reader, writer, target.patience.answer).await?;
            let client = HostClient::start(target.plan, connection, target.party.clone(), work).await?;
            self.link = Connected::Up(Box::new(client));
        }
        match &mut self.link {
            Connected::Up(client) => Ok(client),
            Connected::Down(_) => Err(SessionError::InUse),
        }
    }

    /// How many inferences the server keeps prepared at most.
    pub fn capacity(&self) -> usize {
        match &self.link {
            Connected::Up(client) => client.capacity(),
            Connected::Down(_) => 1,
        }
    }

    /// How many inferences are prepared, those of earlier sessions included.
    pub fn prepared(&self) -> usize {
        match &self.link {
            Connected::Up(client) => client.prepared(),
            Connected::Down(_) => 0,
        }
    }

    /// Prepares inferences until `count` are prepared, or as many as the server keeps.
    ///
    /// # Errors
    /// Those of the connection and of the server.
    pub async fn prepare(&mut self, count: usize, progress: Progress<'_>) -> Result<(), SessionError> {
        let mut retry = self.retry();
        loop {
            match self.prepare_once(count, progress).await {
                Ok(()) => return Ok(()),
                Err(error) => self.recover(&mut retry, error, connecting).await?,
            }
        }
    }

    async fn prepare_once(&mut self, count: usize, progress: Progress<'_>) -> Result<(), SessionError> {
        loop {
            let client = self.client().await?;
            if client.prepared() >= count.min(client.capacity()) {
                return Ok(());
            }
            let (start, counts, dealer) = (Instant::now(), client.counts(), client.dealer_bytes());
            let Some(number) = client.prepare(progress).await? else { return Ok(()) };
            let after = client.counts();
            let bytes = Traffic {
                dealer_offline: client.dealer_bytes() - dealer,
                client_offline: after.sent - counts.sent,
                server_online: after.received - counts.received,
                client_online: 0,
            };
            self.prepared.insert(number, Prepared { time: start.elapsed(), bytes });
        }
    }

    /// Runs one inference on the elements of the input in the plan's fixed point. If the connection is lost in the middle,
    /// what was prepared for it is discarded, and it is run again under another number.
    ///
    /// # Errors
    /// Those of the connection and of the server.
    pub async fn infer(&mut self, input: &[u32], progress: Progress<'_>) -> Result<Measured, SessionError> {
        let input: Vec<i32> = input.iter().map(|value| *value as i32).collect();
        let mut retry = self.retry();
        loop {
            match self.infer_once(&input, progress).await {
                Ok(measured) => return Ok(measured),
                Err(error) => self.recover(&mut retry, error, running).await?,
            }
        }
    }

    async fn infer_once(&mut self, input: &[i32], progress: Progress<'_>) -> Result<Measured, SessionError> {
        self.prepare_once(1, &mut |_, _| ()).await?;
        let client = self.client().await?;
        let (start, before, trips) = (Instant::now(), client.counts(), client.round_trips());
        let (number, output) = client.infer(input, progress).await?;
        let online = start.elapsed();
        let (after, round_trips) = (client.counts(), client.round_trips() - trips);
        let traffic = Traffic {
            server_online: after.received - before.received,
            client_online: after.sent - before.sent,
            ..Traffic::default()
        };
        let prepared = self.prepared.remove(&number);
        let bytes = prepared.map_or(traffic, |prepared| prepared.bytes + traffic);
        let expected = self.expected.bytes;
        let exact = match prepared {
            Some(_) => bytes == expected,
            None => {
                (bytes.server_online, bytes.client_online) == (expected.server_online, expected.client_online)
            }
        };
        let offline = prepared.map_or(Duration::ZERO, |prepared| prepared.time);
        Ok(Measured { output, offline, online, bytes, round_trips, exact })
    }

    /// Says good-bye. What is prepared stays prepared where both ends keep it.
    ///
    /// # Errors
    /// If the connection is gone already.
    pub async fn close(self) -> Result<(), SessionError> {
        match self.link {
            Connected::Up(client) => client.close().await,
            Connected::Down(_) => Ok(()),
        }
    }
}
