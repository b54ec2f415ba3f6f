//! Parties in processes of their own, killed at every record of an inference.
//!
//! The processes are this program's own commands, with their records on disk. Whoever is killed is gone at once, before
//! the record arrives, and is started again with the same records and at the same address. The client then has to get
//! the right result by itself; if it was the client, its next start has to.
//!
//! There is no trial with a clock that jumps: to set the system's clock takes privileges, and no party reads it. What
//! they measure time with never goes back; that no other clock is read is asserted by a test over their source.

use std::sync::Arc;
use std::time::{Duration, Instant};

use brelu_host::client::ClientMemory;
use tokio::runtime::Handle;

use super::TrialError;
use super::deployment::{Deployment, Setup};
use super::gate::Gate;
use super::keeper::Keeper;
use super::pool;
use super::processes::{Running, client};
use super::sessions::{Runner, Task};
use super::subject::Subject;
use super::tally::{End, Outcome, Tally};
use super::trap::{Census, Deed};
use brelu_host::net::Patience;
use brelu_world::Route;

/// How a trial is held.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Deployments at a time.
    pub jobs: usize,
    /// Take every so manyth case only.
    pub every: usize,
}

/// Silence that ends a session.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How long a client goes on trying.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(10), answer: TIMEOUT };

/// No case may take longer.
const LIMIT: Duration = Duration::from_secs(17);

/// Who is killed.
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
            Self::Server => "server killed",
            Self::Dealer => "dealer killed",
            Self::Client => "client killed",
        }
    }
}

/// What a client does in every case.
const TASK: Task = Task { prepare: 1, pictures: (0, 1) };
const AFTER: Task = Task { prepare: 1, pictures: (1, 2) };

type Place = (Victim, Route, usize);

/// Runs all cases.
///
/// # Errors
/// If the parties cannot be started, or an inference without any fault fails.
pub fn run(
    subject: &Subject,
    options: Options,
    handle: &Handle,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Tally, TrialError> {
    let places = Lane::start(subject, handle)?.places()?.into_iter();
    let places: Vec<Place> = places.step_by(options.every.max(1)).collect();
    let open = || Lane::start(subject, handle);
    let (results, lanes) = pool::run(&places, options.jobs, open, |lane, place| lane.run(*place), progress)?;
    let mut tally = Tally::default();
    for victim in Victim::ALL {
        for ((_, link, index), outcome) in results.iter().filter(|(place, _)| place.0 == victim) {
            tally.count(victim.kind(), &format!("{link:?} record {index}"), outcome);
        }
    }
    let reused: usize = lanes.into_iter().map(Lane::finish).sum();
    if reused > 0 {
        tally.failures.push(format!("{reused} numbers were used twice by parties that were killed"));
    }
    Ok(tally)
}

/// A deployment and what happens in it, one case after the other.
struct Lane<'s> {
    subject: &'s Subject,
    handle: &'s Handle,
    deployment: Deployment,
    memory: ClientMemory,
    clients: usize,
    reused: usize,
}

impl<'s> Lane<'s> {
    fn start(subject: &'s Subject, handle: &'s Handle) -> Result<Self, TrialError> {
        let deployment = Deployment::start(&subject.goods(), &Setup::patient(TIMEOUT), Some(handle))?;
        let memory = ClientMemory::for_plan(subject.plan);
        let mut lane = Self { subject, handle, deployment, memory, clients: 0, reused: 0 };
        lane.warm_up()?;
        Ok(lane)
    }

    fn name(&mut self) -> String {
        self.clients += 1;
        format!("client{}", self.clients)
    }

    /// A new client of this process.
    fn runner(&mut self) -> Result<Runner<'s>, TrialError> {
        let name = self.name();
        Ok(Runner {
            subject: self.subject,
            party: self.deployment.client(&name)?,
            address: self.deployment.address().to_owned(),
            patience: PATIENCE,
            limit: LIMIT,
        })
    }

    /// An inference without any fault, after which the dealer has the model.
    fn warm_up(&mut self) -> Result<(), TrialError> {
        let runner = self.runner()?;
        match self.handle.block_on(runner.run(TASK, &mut self.memory)).0 {
            End::Right => Ok(()),
            other => Err(TrialError::Undisturbed(other.to_string())),
        }
    }

    fn gates(&self) -> impl Iterator<Item = &Gate> {
        self.deployment.before.iter().chain(&self.deployment.behind)
    }

    /// Every record of an inference, for every victim.
    fn places(mut self) -> Result<Vec<Place>, TrialError> {
        let census = Census::default();
        self.gates().for_each(|gate| gate.count(Some(census.clone())));
        self.warm_up()?;
        let places = self.handle.block_on(census.places())?.into_iter();
        Ok(places.flat_map(|(link, index, _)| Victim::ALL.map(|victim| (victim, link, index))).collect())
    }

    fn run(&mut self, place: Place) -> Result<Outcome, TrialError> {
        let mut outcome = match place.0 {
            Victim::Server => self.party(self.deployment.server.clone(), place)?,
            Victim::Dealer => self.party(self.deployment.dealer.clone(), place)?,
            Victim::Client => self.client(place)?,
        };
        if let End::Told(error) = &outcome.end {
            outcome.after.get_or_insert(format!("the right result was due, but: {error}"));
        }
        let reused = self.deployment.numbers.reused();
        outcome.reused = reused - self.reused;
        self.reused = reused;
        Ok(outcome)
    }

    fn set(&self, (_, link, index): Place, deed: impl Fn() + Send + Sync + 'static) {
        self.deployment.trap.set(link, index, Deed::Other(Box::new(deed)));
    }

    /// Takes the trap away, and says whether it did its deed.
    fn clear(&self) -> bool {
        self.handle.block_on(self.deployment.trap.clear())
    }

    /// The server or the dealer is killed.
    fn party(&mut self, keeper: Arc<Keeper>, place: Place) -> Result<Outcome, TrialError> {
        let (runner, victim) = (self.runner()?, keeper.clone());
        self.set(place, move || victim.replace());
        let (end, time) = self.handle.block_on(runner.run(TASK, &mut self.memory));
        let fired = self.clear();
        let back = keeper.is_back();
        let (after, _) = self.handle.block_on(runner.run(AFTER, &mut self.memory));
        Ok(Outcome { end, time, after: excuse(fired && back, after), reused: 0 })
    }

    /// The client is killed, and started again.
    fn client(&mut self, place: Place) -> Result<Outcome, TrialError> {
        let name = self.name();
        self.deployment.admit(&name)?;
        let running = Running::default();
        let victim = running.clone();
        self.set(place, move || victim.kill());
        let start = Instant::now();
        let first = self.process(&name, &running)?;
        let fired = self.clear();
        // It may have been killed after its last word.
        let end = if first == End::Right { first } else { self.process(&name, &running)? };
        Ok(Outcome { end, time: start.elapsed(), after: excuse(fired, End::Right), reused: 0 })
    }

    fn process(&self, name: &str, running: &Running) -> Result<End, TrialError> {
        let args = self.deployment.client_args(name, Some(TASK.pictures), TIMEOUT);
        client(self.subject, &args, None, &self.deployment.numbers, running)
    }

    /// Ends the parties, reads their logs to the end, and counts what was not counted yet.
    fn finish(self) -> usize {
        self.deployment.server.kill();
        self.deployment.dealer.kill();
        self.deployment.numbers.reused() - self.reused
    }
}

fn excuse(fired: bool, after: End) -> Option<String> {
    match after {
        End::Right if fired => None,
        End::Right => Some("nobody was killed, or did not come back".to_owned()),
        other => Some(other.to_string()),
    }
}
