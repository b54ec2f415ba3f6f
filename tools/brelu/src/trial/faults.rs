//! All three parties in this process, with a fault at every record of a session.
//!
//! Every case has parties of its own with new keys, which share nothing but the packed weights. A fault happens once, on
//! the first connection of its link; what the client then does is the client's own reconnection. Afterwards another
//! session without a fault has to give a right result.

use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::RECORD_HEADER;
use brelu_host::client::ClientMemory;
use brelu_host::keys::random_key;
use brelu_host::plan_file::OwnedPlan;
use brelu_host::server::ServerModel;
use tokio::runtime::Handle;

use super::TrialError;
use super::numbers::Numbers;
use super::pool;
use super::sessions::{Runner, Task};
use super::subject::Subject;
use super::tally::{End, Outcome, Tally};
use super::trap::{Census, Deed};
use super::trio::Trio;
use brelu_host::net::{Patience, bind};
use brelu_networks::numbers::Random;
use brelu_world::{Act, Route};

/// How a trial is held.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Chooses the bits that are turned over.
    pub seed: u64,
    /// Cases at a time.
    pub jobs: usize,
    /// Take every so manyth case only.
    pub every: usize,
}

/// Silence that ends a session.
const TIMEOUT: Duration = Duration::from_secs(1);

/// How long a client goes on trying.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(5), answer: TIMEOUT };

/// No case may take longer than the time-out, the patience of the client, and this for its computations.
const COMPUTING: Duration = Duration::from_secs(4);

/// What a session does before the one with the fault, and in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    /// Everybody meets for the first time: the dealer is sent the model, two inferences are prepared, and then run.
    First,
    /// Another session prepared one inference, which this one claims and runs; it prepares a second one and runs it.
    Later,
}

impl Script {
    const fn task(self) -> Task {
        match self {
            Self::First => Task { prepare: 2, pictures: (0, 2) },
            Self::Later => Task { prepare: 1, pictures: (0, 2) },
        }
    }
}

/// A fault and where it is.
#[derive(Clone, Copy, Debug)]
struct Case {
    script: Script,
    link: Route,
    index: usize,
    kind: &'static str,
    act: Act,
}

/// Runs all cases.
///
/// # Errors
/// If the session without any fault fails already, or the system gives no sockets.
pub fn run(
    subject: &Subject,
    options: Options,
    handle: &Handle,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Tally, TrialError> {
    let model = Arc::new(ServerModel::new(
        Arc::new(OwnedPlan::copy(subject.plan)?),
        subject.weights.clone(),
        random_key()?,
    )?);
    let stage = Stage { subject, model, handle };
    let cases: Vec<Case> = cases(&stage, options.seed)?.into_iter().step_by(options.every.max(1)).collect();
    let memory = || Ok(ClientMemory::for_plan(subject.plan));
    let one = |memory: &mut ClientMemory, case: &Case| handle.block_on(stage.run(case, memory));
    let (results, _) = pool::run(&cases, options.jobs, memory, one, progress)?;
    Ok(tally(&results))
}

fn tally(results: &[(Case, Outcome)]) -> Tally {
    let mut tally = Tally::default();
    for kind in KINDS {
        for (case, outcome) in results.iter().filter(|(case, _)| case.kind == kind) {
            let Case { script, link, index, act, .. } = case;
            tally.count(kind, &format!("{script:?} session, {link:?} record {index}, {act:?}"), outcome);
        }
    }
    tally
}

/// The kinds of fault, in the order of the table.
const KINDS: [&str; 10] = [
    "lost before a record",
    "lost inside a record",
    "dead from a record on",
    "bit of a body",
    "bit of a length",
    "bit of a handshake",
    "record twice",
    "records swapped",
    "record left out",
    "record too late",
];

/// All faults at one record.
fn faults(index: usize, length: usize, random: &mut Random) -> Vec<(&'static str, Act)> {
    let mut faults = vec![
        (KINDS[0], Act::Cut(0)),
        (KINDS[1], Act::Cut(1)),
        (KINDS[1], Act::Cut(length / 2)),
        (KINDS[1], Act::Cut(length - 1)),
        (KINDS[2], Act::Freeze),
        (KINDS[6], Act::Double),
        (KINDS[7], Act::Swap),
        (KINDS[8], Act::Drop),
        (KINDS[9], Act::Delay(TIMEOUT * 3 / 2)),
    ];
    let flips = if index == 0 { handshake(8 * length, random) } else { record(8 * length, random) };
    faults.extend(flips.into_iter().map(|(kind, bit)| (kind, Act::Flip(bit))));
    faults
}

/// Bits of everything a handshake message has: status, keys, tags.
fn handshake(bits: usize, random: &mut Random) -> Vec<(&'static str, usize)> {
    let fixed = [0, 1, 7, 8, bits - 1].into_iter();
    let random: Vec<usize> = (0..11).map(|_| random.below(bits)).collect();
    fixed.chain(random).map(|bit| (KINDS[5], bit)).collect()
}

/// Bits of a record's body: of the kind, anywhere, of the tag. Bits of its length: it is then a little longer or
/// shorter, much longer, too long.
fn record(bits: usize, random: &mut Random) -> Vec<(&'static str, usize)> {
    let head = 8 * RECORD_HEADER;
    let body = [head + random.below(8), head + random.below(bits - head), bits - 1 - random.below(128)];
    let length = [random.below(4), 4 + random.below(12), 16 + random.below(8)];
    body.map(|bit| (KINDS[3], bit)).into_iter().chain(length.map(|bit| (KINDS[4], bit))).collect()
}

/// What all cases share.
struct Stage<'s> {
    subject: &'s Subject,
    model: Arc<ServerModel>,
    handle: &'s Handle,
}

/// Every fault at every record of both sessions.
fn cases(stage: &Stage<'_>, seed: u64) -> Result<Vec<Case>, TrialError> {
    let (mut random, mut cases) = (Random::new(seed), Vec::new());
    for script in [Script::First, Script::Later] {
        for (link, index, length) in stage.handle.block_on(stage.places(script))? {
            let faults = faults(index, length, &mut random).into_iter();
            cases.extend(faults.map(|(kind, act)| Case { script, link, index, kind, act }));
        }
    }
    // Those that wait for a time-out are spread among the others.
    for index in (1..cases.len()).rev() {
        cases.swap(index, random.below(index + 1));
    }
    Ok(cases)
}

impl<'s> Stage<'s> {
    /// The parties of a case, and the client.
    async fn open(
        &self,
        numbers: &Numbers,
        census: Option<Census>,
    ) -> Result<(Arc<Trio>, Runner<'s>, tokio::task::AbortHandle), TrialError> {
        let trio = Arc::new(Trio::new(self.model.clone(), TIMEOUT, numbers, census)?);
        let listener = bind("127.0.0.1:0").await?;
        let runner = Runner {
            subject: self.subject,
            party: trio.client().clone(),
            address: listener.address().to_owned(),
            patience: PATIENCE,
            limit: TIMEOUT + PATIENCE.connect + COMPUTING,
        };
        let listening = tokio::spawn(trio.clone().listen(listener)).abort_handle();
        Ok((trio, runner, listening))
    }

    /// The records of a session without a fault.
    async fn places(&self, script: Script) -> Result<Vec<(Route, usize, usize)>, TrialError> {
        let census = Census::default();
        let (_, runner, listening) = self.open(&Numbers::default(), Some(census.clone())).await?;
        let mut memory = ClientMemory::for_plan(self.subject.plan);
        before(script, &runner, &mut memory).await?;
        census.clear();
        right(runner.run(script.task(), &mut memory).await.0)?;
        listening.abort();
        census.places().await
    }

    async fn run(&self, case: &Case, memory: &mut ClientMemory) -> Result<Outcome, TrialError> {
        let numbers = Numbers::default();
        let (trio, runner, listening) = self.open(&numbers, None).await?;
        before(case.script, &runner, memory).await?;
        trio.trap.set(case.link, case.index, Deed::Record(case.act));
        let (end, time) = runner.run(case.script.task(), memory).await;
        let fired = trio.trap.clear().await;
        let (after, _) = runner.run(Task { prepare: 1, pictures: (2, 3) }, memory).await;
        listening.abort();
        let after = match after {
            End::Right if fired => None,
            End::Right => Some("the fault did not happen".to_owned()),
            other => Some(other.to_string()),
        };
        Ok(Outcome { end, time, after, reused: numbers.reused() })
    }
}

/// The session before the one with the fault.
async fn before(script: Script, runner: &Runner<'_>, memory: &mut ClientMemory) -> Result<(), TrialError> {
    match script {
        Script::First => Ok(()),
        Script::Later => right(runner.run(Task { prepare: 1, pictures: (0, 0) }, memory).await.0),
    }
}

fn right(end: End) -> Result<(), TrialError> {
    match end {
        End::Right => Ok(()),
        other => Err(TrialError::Undisturbed(other.to_string())),
    }
}
