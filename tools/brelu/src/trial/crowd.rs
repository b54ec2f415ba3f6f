//! Many clients at once, hostile ones among them.
//!
//! One server and one dealer, each a process of its own, and honest clients that all infer at the same time: first
//! among themselves, then while hostile ones do what they can. All honest clients have to get right results both times,
//! and both processes have to keep within a bound that follows from their options:
//!
//! ```text
//! bound = what the process used with one client + places * a session
//! ```
//!
//! A session at the server is at most four times the bytes of an inference (its messages as they arrive, as they are
//! read ahead twice over, and as they are stored), eight bytes for every value of the network, and [`BUFFERS`]. At the
//! dealer it is four times what it sends for an inference, the model, and [`BUFFERS`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, Instant};

use brelu_core::cost;
use brelu_host::client::{ClientMemory, ClientParty};
use brelu_host::error::SessionError;
use serde::Serialize;
use tokio::runtime::Handle;

use super::TrialError;
use super::deployment::{Deployment, Setup};
use super::hostile::{Enemy, Habit};
use super::numbers::Reporter;
use super::subject::Subject;
use crate::process::peak_memory;
use brelu_host::net::{ClientSession, Patience, Target};

/// How a trial is held.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// All clients.
    pub clients: usize,
    /// Those of them that are hostile.
    pub hostile: usize,
    /// Inferences of each honest one, in each of two rounds.
    pub inferences: usize,
}

/// Silence that ends a session.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long an honest client goes on trying.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(60), answer: Duration::from_secs(30) };

/// Bytes of a session beyond its messages: four buffers of 128 KiB, what two connections read ahead in any case, and
/// the stacks of its threads.
pub const BUFFERS: u64 = 2 << 20;

/// How long the hostile ones have the parties for themselves.
const BEFORE: Duration = Duration::from_secs(1);

/// The honest clients of one round.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Round {
    /// Right results.
    pub right: usize,
    /// Wrong results, and those that did not come.
    pub wrong: usize,
    /// Errors, in their own words.
    pub errors: Vec<String>,
    /// Seconds of an inference, preparation and reconnections included: median, nine of ten, longest.
    pub seconds: [f64; 3],
    /// Seconds until all were done.
    pub total_seconds: f64,
}

/// Peak memory of a process in bytes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Memory {
    /// With one client.
    pub alone: u64,
    /// With all honest ones.
    pub calm: u64,
    /// With the hostile ones too.
    pub hostile: u64,
    /// What it may be.
    pub bound: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Honest clients among themselves.
    pub calm: Round,
    /// Honest clients among hostile ones.
    pub hostile: Round,
    /// The server's memory.
    pub server: Memory,
    /// The dealer's memory.
    pub dealer: Memory,
    /// Connections the hostile ones made.
    pub connections: usize,
    /// Numbers one party used twice.
    pub reused: usize,
}

impl Report {
    /// Whether everything was as it should be.
    pub fn is_good(&self) -> bool {
        let within = |memory: &Memory| memory.hostile <= memory.bound;
        let well = |round: &Round| round.wrong == 0 && round.errors.is_empty();
        well(&self.calm)
            && well(&self.hostile)
            && within(&self.server)
            && within(&self.dealer)
            && self.reused == 0
    }
}

/// Holds the trial.
///
/// # Errors
/// If a party does not start, or the first inference fails.
pub fn run(subject: &Subject, options: Options, handle: &Handle) -> Result<Report, TrialError> {
    // Everybody may have a second session, before the first one is missed, but not all of them at once.
    let places = options.clients + options.hostile;
    let deployment = deploy(subject, places)?;
    let stage = Stage { subject, deployment: &deployment, handle };
    let party = |index: usize| deployment.client(&format!("client{index}"));
    let honest = options.clients.saturating_sub(options.hostile).max(1);
    let parties: Vec<_> = (0..honest).map(party).collect::<Result<_, _>>()?;
    let mut report = Report::default();
    stage.first(&parties[0])?;
    [report.server.alone, report.dealer.alone] = stage.memory();
    report.calm = stage.round(&parties, options.inferences);
    [report.server.calm, report.dealer.calm] = stage.memory();
    let enemies = stage.enemies(options.hostile)?;
    sleep(BEFORE);
    report.hostile = stage.round(&parties, options.inferences);
    report.connections = enemies.connections.iter().map(|count| count.load(Relaxed)).sum();
    drop(enemies);
    [report.server.hostile, report.dealer.hostile] = stage.memory();
    let [server, dealer] = sessions(subject);
    report.server.bound = report.server.alone + places as u64 * server;
    report.dealer.bound = report.dealer.alone + places as u64 * dealer;
    deployment.server.kill();
    deployment.dealer.kill();
    report.reused = deployment.numbers.reused();
    Ok(report)
}

/// A server and a dealer with so many places.
fn deploy(subject: &Subject, places: usize) -> Result<Deployment, TrialError> {
    let mut setup = Setup::patient(TIMEOUT);
    let most = ["--max-clients", &places.to_string()].map(str::to_owned);
    setup.server.extend(most.clone());
    setup.server.extend(["--sessions", "2"].map(str::to_owned));
    // All of them belong to one server.
    setup.dealer.extend(["--server-sessions", &places.to_string()].map(str::to_owned));
    setup.dealer.extend(most);
    Deployment::start(&subject.goods(), &setup, None)
}

/// Bytes of one session at the server and at the dealer, at most.
fn sessions(subject: &Subject) -> [u64; 2] {
    let total = cost::total(subject.plan).bytes;
    let values: usize = subject.plan.nodes().map(|(_, node)| node.shape.len()).sum();
    let model = (subject.weights.to_bytes().len() + subject.plan.bytes().len()) as u64;
    let server = 4 * total.total() + 8 * values as u64 + BUFFERS;
    [server, 4 * total.dealer_offline + model + BUFFERS]
}

/// The hostile clients, which stop when this is dropped.
struct Enemies {
    tasks: Vec<tokio::task::AbortHandle>,
    connections: Vec<Arc<AtomicUsize>>,
}

impl Drop for Enemies {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::AbortHandle::abort);
    }
}

struct Stage<'s> {
    subject: &'s Subject,
    deployment: &'s Deployment,
    handle: &'s Handle,
}

impl Stage<'_> {
    /// Peak memory of server and dealer so far.
    fn memory(&self) -> [u64; 2] {
        [&self.deployment.server, &self.deployment.dealer]
            .map(|keeper| keeper.id().and_then(peak_memory).unwrap_or_default())
    }

    fn first(&self, party: &Arc<ClientParty>) -> Result<(), TrialError> {
        let round = self.round(std::slice::from_ref(party), 1);
        match round.errors.first() {
            None if round.wrong == 0 => Ok(()),
            error => Err(TrialError::Undisturbed(error.cloned().unwrap_or_else(|| "a wrong result".into()))),
        }
    }

    fn enemies(&self, count: usize) -> Result<Enemies, TrialError> {
        let (mut tasks, mut connections) = (Vec::new(), Vec::new());
        for index in 0..count {
            let identity = self.deployment.admit(&format!("hostile{index}"))?;
            let [server, dealer] = self.deployment.keys();
            let party = ClientParty::in_memory(identity, server, dealer);
            let enemy = Enemy {
                plan: self.subject.plan,
                address: self.deployment.address().to_owned(),
                party: Arc::new(party.observed(self.deployment.numbers.observer(Reporter::Client))),
                timeout: TIMEOUT,
                connections: Arc::default(),
            };
            connections.push(enemy.connections.clone());
            let habit = Habit::ALL[index % Habit::ALL.len()];
            tasks.push(self.handle.spawn(enemy.run(habit)).abort_handle());
        }
        Ok(Enemies { tasks, connections })
    }

    /// All clients at once.
    fn round(&self, parties: &[Arc<ClientParty>], inferences: usize) -> Round {
        let start = Instant::now();
        let visits: Vec<Visit> = std::thread::scope(|scope| {
            let visit = |(index, party): (usize, &Arc<ClientParty>)| {
                let party = party.clone();
                scope.spawn(move || self.visit(index, party, inferences))
            };
            let threads: Vec<_> = parties.iter().enumerate().map(visit).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        let mut round = Round { total_seconds: start.elapsed().as_secs_f64(), ..Round::default() };
        round.right = visits.iter().map(|visit| visit.right).sum();
        round.wrong = parties.len() * inferences - round.right;
        round.errors = visits.iter().filter_map(|visit| visit.error.clone()).collect();
        let mut times: Vec<Duration> = visits.into_iter().flat_map(|visit| visit.times).collect();
        times.sort_unstable();
        let last = times.len().saturating_sub(1);
        let at = |share: usize| times.get(last * share / 100).map_or(0.0, Duration::as_secs_f64);
        round.seconds = [50, 90, 100].map(at);
        round
    }

    /// One client's inferences.
    fn visit(&self, index: usize, party: Arc<ClientParty>, inferences: usize) -> Visit {
        let mut visit = Visit::default();
        let done = self.handle.block_on(self.session(index, party, inferences, &mut visit));
        visit.error = done.err().map(|error| error.to_string());
        visit
    }

    async fn session(
        &self,
        index: usize,
        party: Arc<ClientParty>,
        inferences: usize,
        visit: &mut Visit,
    ) -> Result<(), SessionError> {
        let (plan, address) = (self.subject.plan, self.deployment.address().to_owned());
        let mut memory = ClientMemory::for_plan(plan);
        let target = Target { plan, address, patience: PATIENCE, party };
        let mut session = ClientSession::start(target, &mut memory, |_| ()).await?;
        for picture in index..index + inferences {
            let start = Instant::now();
            let measured = session.infer(&self.subject.picture(picture).input, &mut |_, _| ()).await?;
            visit.times.push(start.elapsed());
            visit.right += usize::from(self.subject.is_right(picture, &measured.output));
        }
        // All results are there; whether the server hears the good-bye does not matter.
        drop(session.close().await);
        Ok(())
    }
}

/// What one client got.
#[derive(Default)]
struct Visit {
    right: usize,
    error: Option<String>,
    times: Vec<Duration>,
}
