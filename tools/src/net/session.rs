use std::collections::VecDeque;
use std::time::{Duration, Instant};

use brelu_core::client::Progress;
use brelu_core::cost::{self, Total, Traffic};
use brelu_core::plan::Plan;
use brelu_host::client::{ClientMemory, HostClient};
use brelu_host::error::SessionError;

use super::{Patience, connect};

/// One inference and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Logits in units of the plan's output scale.
    pub output: Vec<i32>,
    /// Time of the preparation, before the input was used.
    pub offline: Duration,
    /// Time from the input to the result.
    pub online: Duration,
    /// Bytes of the messages, by link and phase.
    pub bytes: Traffic,
    /// Round trips between the input and the result.
    pub round_trips: u32,
    /// Whether the bytes are exactly what the formulas say.
    pub exact: bool,
}

/// What one preparation took.
struct Prepared {
    time: Duration,
    bytes: Traffic,
}

/// A client's session with a server over TCP that measures every inference.
pub struct Session<'a> {
    client: HostClient<'a>,
    expected: Total,
    prepared: VecDeque<Prepared>,
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({} prepared)", self.prepared.len())
    }
}

impl<'a> Session<'a> {
    /// Connects to the server at `address` and greets it; `waiting` is called if it is not there at first.
    ///
    /// # Errors
    /// If nobody answers there, or not as a server of this plan.
    pub async fn start(
        plan: &'a Plan<'a>,
        address: &str,
        patience: Patience,
        memory: &'a mut ClientMemory,
        waiting: impl FnOnce(),
    ) -> Result<Self, SessionError> {
        let stream = connect("server", address, patience.connect, waiting).await?;
        let (reader, writer) = stream.into_split();
        let client = HostClient::start(plan, reader, writer, patience.answer, memory).await?;
        Ok(Self { client, expected: cost::total(plan), prepared: VecDeque::new() })
    }

    /// How many inferences the server keeps prepared at most.
    pub fn capacity(&self) -> usize {
        self.client.capacity()
    }

    /// Prepares inferences until `count` are prepared, or as many as the server keeps.
    ///
    /// # Errors
    /// Those of the connection and of the server.
    pub async fn prepare(&mut self, count: usize, progress: Progress<'_>) -> Result<(), SessionError> {
        while self.prepared.len() < count.min(self.client.capacity()) {
            let (start, counts, dealer) = (Instant::now(), self.client.counts(), self.client.dealer_bytes());
            if !self.client.prepare(progress).await? {
                break;
            }
            let after = self.client.counts();
            let bytes = Traffic {
                dealer_offline: self.client.dealer_bytes() - dealer,
                client_offline: after.sent - counts.sent,
                server_online: after.received - counts.received,
                client_online: 0,
            };
            self.prepared.push_back(Prepared { time: start.elapsed(), bytes });
        }
        Ok(())
    }

    /// Runs one inference on the elements of the input in the plan's fixed point.
    ///
    /// # Errors
    /// Those of the connection and of the server.
    pub async fn infer(&mut self, input: &[u32], progress: Progress<'_>) -> Result<Measured, SessionError> {
        self.prepare(1, &mut |_, _| ()).await?;
        let input: Vec<i32> = input.iter().map(|value| *value as i32).collect();
        let (start, before, trips) = (Instant::now(), self.client.counts(), self.client.round_trips());
        let output = self.client.infer(&input, progress).await?;
        let online = start.elapsed();
        let after = self.client.counts();
        let traffic = Traffic {
            server_online: after.received - before.received,
            client_online: after.sent - before.sent,
            ..Traffic::default()
        };
        let prepared = self.prepared.pop_front();
        let (offline, before) =
            prepared.map_or((Duration::ZERO, Traffic::default()), |prepared| (prepared.time, prepared.bytes));
        let bytes = before + traffic;
        let exact = bytes == self.expected.bytes;
        let round_trips = self.client.round_trips() - trips;
        Ok(Measured { output, offline, online, bytes, round_trips, exact })
    }

    /// Says good-bye.
    ///
    /// # Errors
    /// If the connection is gone already.
    pub async fn close(self) -> Result<(), SessionError> {
        self.client.close().await
    }
}
