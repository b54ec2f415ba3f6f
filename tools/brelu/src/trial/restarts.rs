//! Inference without end, while parties are killed at random moments and started again.
//!
//! Server, dealer and client are processes with their records on disk. In every cycle one of them, now and then two, is
//! killed and started again with the same records at the same address; then two right results have to come within
//! [`BOUND`], the first of which may have been on its way already.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::TrialError;
use super::deployment::{Deployment, Setup};
use super::keeper::program;
use super::numbers::{Numbers, Purpose, Reporter};
use super::reply::{Reply, replies};
use super::subject::Subject;
use brelu_networks::numbers::Random;

/// How a trial is held.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Chooses who is killed, and when.
    pub seed: u64,
    /// How many times.
    pub cycles: usize,
}

/// Silence that ends a session.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How long results may stay away after somebody was killed.
pub const BOUND: Duration = Duration::from_secs(20);

/// Most milliseconds a cycle waits before it kills, and before it starts again who was killed.
const CALM: usize = 150;
const GONE: usize = 60;

/// In one of so many cycles two are killed.
const TWO: usize = 8;

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Server,
    Dealer,
    Client,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Kills of server, dealer and client.
    pub killed: [usize; 3],
    /// Right results.
    pub right: usize,
    /// Wrong results.
    pub wrong: usize,
    /// Errors the client told.
    pub told: usize,
    /// Cycles after which there was no result for too long.
    pub unserved: usize,
    /// Seconds from a kill to two right results: the median, and the longest.
    pub outage_seconds: [f64; 2],
    /// Numbers the client sent inputs under, the server ran, and the dealer dealt for; and epochs.
    pub numbers: [usize; 4],
    /// Numbers one party used twice.
    pub reused: usize,
    /// Different errors, in their own words.
    pub sentences: Vec<String>,
}

impl Report {
    /// Whether everything was as it should be.
    pub fn is_good(&self) -> bool {
        self.wrong + self.unserved + self.reused == 0
    }
}

/// Runs all cycles.
///
/// # Errors
/// If a party does not start.
pub fn run(
    subject: &Subject,
    options: Options,
    progress: &dyn Fn(usize, usize),
) -> Result<Report, TrialError> {
    let deployment = Deployment::start(&subject.goods(), &Setup::patient(TIMEOUT), None)?;
    deployment.admit("client")?;
    let (results, arrived) = channel();
    let mut trial = Trial {
        subject,
        client: Some(Client::start(&deployment, 0, &results)?),
        deployment,
        results,
        arrived,
        generation: 0,
        report: Report::default(),
        outages: Vec::new(),
    };
    let mut random = Random::new(options.seed);
    trial.served(Instant::now());
    trial.outages.clear();
    for cycle in 0..options.cycles {
        trial.cycle(&mut random)?;
        progress(cycle + 1, options.cycles);
    }
    Ok(trial.finish())
}

/// A result, and which of the client's processes it is from.
type Arrival = (usize, Reply);

struct Trial<'s> {
    subject: &'s Subject,
    deployment: Deployment,
    client: Option<Client>,
    results: Sender<Arrival>,
    arrived: Receiver<Arrival>,
    generation: usize,
    report: Report,
    outages: Vec<Duration>,
}

impl Trial<'_> {
    fn cycle(&mut self, random: &mut Random) -> Result<(), TrialError> {
        let any = |random: &mut Random| [Victim::Server, Victim::Dealer, Victim::Client][random.below(3)];
        let mut victims = vec![any(random)];
        if random.below(TWO) == 0 {
            victims.extend(Some(any(random)).filter(|second| *second != victims[0]));
        }
        sleep(Duration::from_millis(random.below(CALM) as u64));
        let start = Instant::now();
        victims.iter().for_each(|victim| self.kill(*victim));
        sleep(Duration::from_millis(random.below(GONE) as u64));
        victims.iter().try_for_each(|victim| self.restart(*victim))?;
        while let Ok(arrival) = self.arrived.try_recv() {
            self.judge(&arrival);
        }
        self.served(start);
        Ok(())
    }

    fn kill(&mut self, victim: Victim) {
        self.report.killed[victim as usize] += 1;
        match victim {
            Victim::Server => self.deployment.server.kill(),
            Victim::Dealer => self.deployment.dealer.kill(),
            Victim::Client => self.client = None,
        }
    }

    fn restart(&mut self, victim: Victim) -> Result<(), TrialError> {
        match victim {
            Victim::Server => self.deployment.server.restart(None),
            Victim::Dealer => self.deployment.dealer.restart(None),
            Victim::Client => {
                self.generation += 1;
                self.client = Some(Client::start(&self.deployment, self.generation, &self.results)?);
                Ok(())
            }
        }
    }

    /// Waits for two right results; `start` is when somebody was killed.
    fn served(&mut self, start: Instant) {
        let mut right = 0;
        while right < 2 {
            let left = BOUND.saturating_sub(start.elapsed());
            match self.arrived.recv_timeout(left) {
                Ok(arrival) => right += usize::from(self.judge(&arrival)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    self.report.unserved += 1;
                    return;
                }
            }
        }
        self.outages.push(start.elapsed());
    }

    /// Counts a result; whether it is right, and of the process that runs now.
    fn judge(&mut self, (generation, reply): &Arrival) -> bool {
        if let Some(error) = &reply.error {
            self.report.told += 1;
            if !self.report.sentences.contains(error) {
                self.report.sentences.push(error.clone());
            }
            return false;
        }
        let right = self.subject.is_right(reply.picture, &reply.output);
        let count = if right { &mut self.report.right } else { &mut self.report.wrong };
        *count += 1;
        right && *generation == self.generation
    }

    /// Ends the parties and reads their logs to the end.
    fn finish(mut self) -> Report {
        self.client = None;
        self.deployment.server.kill();
        self.deployment.dealer.kill();
        while let Ok(arrival) = self.arrived.try_recv() {
            self.judge(&arrival);
        }
        let numbers = &self.deployment.numbers;
        self.report.reused = numbers.reused();
        self.report.numbers = [
            numbers.count(Reporter::Client, Purpose::Sent),
            numbers.count(Reporter::Server, Purpose::Ran),
            numbers.count(Reporter::Dealer, Purpose::Dealt),
            numbers.count(Reporter::Dealer, Purpose::Epoch),
        ];
        self.outages.sort_unstable();
        let at = |index: usize| self.outages.get(index).map_or(0.0, Duration::as_secs_f64);
        self.report.outage_seconds = [at(self.outages.len() / 2), at(self.outages.len().saturating_sub(1))];
        self.report
    }
}

/// A client's process that infers without end. It is killed when this is dropped, and what it said is read to the end.
#[derive(Debug)]
struct Client {
    child: Child,
    readers: Vec<JoinHandle<()>>,
}

impl Client {
    fn start(
        deployment: &Deployment,
        generation: usize,
        results: &Sender<Arrival>,
    ) -> Result<Self, TrialError> {
        let mut command = program(None)?;
        command.args(deployment.client_args("client", None, TIMEOUT)).arg("--with-parent");
        command.args(["--from", &generation.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            let results = results.clone();
            readers.push(spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    // Whoever counts results may have seen enough.
                    replies(&line).into_iter().for_each(|reply| drop(results.send((generation, reply))));
                }
            }));
        }
        if let Some(stderr) = child.stderr.take() {
            let numbers = deployment.numbers.clone();
            readers.push(spawn(move || listen(stderr, &numbers)));
        }
        Ok(Self { child, readers })
    }
}

fn listen(mut stderr: impl std::io::Read, numbers: &Numbers) {
    // A log that breaks off is as good as one that ends.
    drop(std::io::copy(&mut stderr, &mut numbers.writer(Reporter::Client)));
}

impl Drop for Client {
    fn drop(&mut self) {
        // A process that has ended already cannot be killed, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
        self.readers.drain(..).for_each(|reader| drop(reader.join()));
    }
}
