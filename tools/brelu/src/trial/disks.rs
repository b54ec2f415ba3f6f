//! Parties whose disks are full.
//!
//! A disk is full for a process whose files may not grow beyond one block. The first things that do not fit are prepared
//! inferences and models, then, a dozen sessions later, records of epochs. Every session has to end with a right result
//! or an error in one sentence, and once there is room again, with a right result.

use std::time::{Duration, Instant};

use brelu_host::client::ClientMemory;
use tokio::runtime::Handle;

use super::TrialError;
use super::deployment::{Deployment, Setup};
use super::processes::{Running, client};
use super::sessions::{Runner, Task};
use super::subject::Subject;
use super::tally::{End, Outcome, Tally};
use brelu_host::net::Patience;

/// How a trial is held.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Sessions with each full disk.
    pub sessions: usize,
}

/// Blocks a file may have.
const BLOCKS: u32 = 1;

/// Silence that ends a session.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How long a client goes on trying.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(2), answer: TIMEOUT };

/// No case may take longer.
const LIMIT: Duration = Duration::from_secs(9);

/// What a client does in every case.
const TASK: Task = Task { prepare: 1, pictures: (0, 1) };

/// Whose disk is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Server,
    Dealer,
    Client,
}

impl Victim {
    const ALL: [Self; 3] = [Self::Server, Self::Dealer, Self::Client];

    const fn kind(self) -> &'static str {
        match self {
            Self::Server => "server's disk full",
            Self::Dealer => "dealer's disk full",
            Self::Client => "client's disk full",
        }
    }
}

/// Runs all cases.
///
/// # Errors
/// If the parties cannot be started, or an inference with all the room there is fails.
pub fn run(
    subject: &Subject,
    options: Options,
    handle: &Handle,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Tally, TrialError> {
    let (mut tally, mut room) = (Tally::default(), Room::start(subject, handle)?);
    for (index, victim) in Victim::ALL.into_iter().enumerate() {
        let step = |done| progress(index * options.sessions + done, Victim::ALL.len() * options.sessions);
        let ends = room.full(victim, options, &step)?;
        // What comes after is counted with the last session.
        let (mut after, mut reused) = (room.after(victim)?, room.deployment.numbers.reused());
        for (session, (end, time)) in ends.into_iter().enumerate().rev() {
            let outcome = Outcome { end, time, after: after.take(), reused: std::mem::take(&mut reused) };
            tally.count(victim.kind(), &format!("session {session}"), &outcome);
        }
    }
    Ok(tally)
}

type Ends = Vec<(End, Duration)>;

struct Room<'s> {
    subject: &'s Subject,
    handle: &'s Handle,
    deployment: Deployment,
    runner: Runner<'s>,
    memory: ClientMemory,
}

impl<'s> Room<'s> {
    fn start(subject: &'s Subject, handle: &'s Handle) -> Result<Self, TrialError> {
        let deployment = Deployment::start(&subject.goods(), &Setup::patient(TIMEOUT), None)?;
        deployment.admit("process")?;
        let runner = Runner {
            subject,
            party: deployment.client("client")?,
            address: deployment.address().to_owned(),
            patience: PATIENCE,
            limit: LIMIT,
        };
        let memory = ClientMemory::for_plan(subject.plan);
        let mut room = Self { subject, handle, deployment, runner, memory };
        match room.session().0 {
            End::Right => Ok(room),
            other => Err(TrialError::Undisturbed(other.to_string())),
        }
    }

    fn session(&mut self) -> (End, Duration) {
        self.handle.block_on(self.runner.run(TASK, &mut self.memory))
    }

    /// Sessions while the victim's disk is full; then there is room again.
    fn full(&mut self, victim: Victim, options: Options, step: &dyn Fn(usize)) -> Result<Ends, TrialError> {
        self.limit(victim, Some(BLOCKS))?;
        let mut ends = Ends::new();
        for done in 1..=options.sessions {
            ends.push(self.one(victim, Some(BLOCKS))?);
            step(done);
        }
        self.limit(victim, None)?;
        Ok(ends)
    }

    /// Starts a server or a dealer again, with files of so many blocks at most.
    fn limit(&self, victim: Victim, blocks: Option<u32>) -> Result<(), TrialError> {
        let keeper = match victim {
            Victim::Server => &self.deployment.server,
            Victim::Dealer => &self.deployment.dealer,
            Victim::Client => return Ok(()),
        };
        keeper.kill();
        keeper.restart(blocks)
    }

    /// One inference: of a client in a process of its own, if it is its disk that is full.
    fn one(&mut self, victim: Victim, blocks: Option<u32>) -> Result<(End, Duration), TrialError> {
        if victim != Victim::Client {
            return Ok(self.session());
        }
        let start = Instant::now();
        Ok((self.process(blocks)?, start.elapsed()))
    }

    fn process(&self, blocks: Option<u32>) -> Result<End, TrialError> {
        let args = self.deployment.client_args("process", Some(TASK.pictures), TIMEOUT);
        client(self.subject, &args, blocks, &self.deployment.numbers, &Running::default())
    }

    /// Why an inference with all the room there is fails.
    fn after(&mut self, victim: Victim) -> Result<Option<String>, TrialError> {
        let (end, _) = self.one(victim, None)?;
        Ok(Some(end).filter(|end| *end != End::Right).map(|end| end.to_string()))
    }
}
