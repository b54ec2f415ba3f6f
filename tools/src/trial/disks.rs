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
use super::keeper::Keeper;
use super::processes::{Running, client};
use super::sessions::{Errand, Runner};
use super::subject::Subject;
use super::tally::{End, Outcome, Tally};
use crate::net::Patience;

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
const ERRAND: Errand = Errand { prepare: 1, pictures: (0, 1) };

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
    let (all, mut tally, mut done) = (3 * options.sessions, Tally::default(), 0);
    let mut step = || {
        done += 1;
        progress(done, all);
    };
    let mut room = Room::start(subject, handle)?;
    for kind in ["server's disk full", "dealer's disk full", "client's disk full"] {
        let ends = match kind {
            "server's disk full" => room.party(|deployment| &deployment.server, options, &mut step)?,
            "dealer's disk full" => room.party(|deployment| &deployment.dealer, options, &mut step)?,
            _ => room.client(options, &mut step)?,
        };
        let after = room.after(kind)?;
        let reused = room.deployment.numbers.reused();
        for (index, (end, time)) in ends.into_iter().enumerate() {
            let last = index + 1 == options.sessions;
            let (after, reused) = if last { (after.clone(), reused) } else { (None, 0) };
            tally.count(kind, &format!("session {index}"), &Outcome { end, time, after, reused });
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
        let deployment = Deployment::start(subject, &Setup::patient(TIMEOUT), None)?;
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
        self.handle.block_on(self.runner.run(ERRAND, &mut self.memory))
    }

    /// Sessions with a server or a dealer whose disk is full, and which then has room again.
    fn party(
        &mut self,
        keeper: impl Fn(&Deployment) -> &Keeper,
        options: Options,
        step: &mut dyn FnMut(),
    ) -> Result<Ends, TrialError> {
        keeper(&self.deployment).kill();
        keeper(&self.deployment).restart(Some(BLOCKS))?;
        let mut ends = Ends::new();
        for _ in 0..options.sessions {
            ends.push(self.session());
            step();
        }
        keeper(&self.deployment).kill();
        keeper(&self.deployment).restart(None)?;
        Ok(ends)
    }

    /// Sessions of a client whose disk is full.
    fn client(&mut self, options: Options, step: &mut dyn FnMut()) -> Result<Ends, TrialError> {
        let mut ends = Ends::new();
        for _ in 0..options.sessions {
            let start = Instant::now();
            ends.push((self.process(Some(BLOCKS))?, start.elapsed()));
            step();
        }
        Ok(ends)
    }

    fn process(&self, blocks: Option<u32>) -> Result<End, TrialError> {
        let args = self.deployment.client_args("process", Some(ERRAND.pictures), TIMEOUT);
        client(self.subject, &args, blocks, &self.deployment.numbers, &Running::default())
    }

    /// Why an inference with all the room there is fails.
    fn after(&mut self, kind: &str) -> Result<Option<String>, TrialError> {
        let end = if kind.starts_with("client") { self.process(None)? } else { self.session().0 };
        Ok(if end == End::Right { None } else { Some(end.to_string()) })
    }
}
