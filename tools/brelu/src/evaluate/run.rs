use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use brelu_core::plan::Plan;
use brelu_host::client::{ClientMemory, ClientParty};
use brelu_host::error::SessionError;
use thiserror::Error;
use tokio::runtime::Handle;

use super::{Float, FloatRecord, Judge, LogError, Record, Verdict};
use brelu_compile::simulate::{SimulateError, Simulator, quantise_input};
use brelu_data::{DataError, Item};
use brelu_host::net::{ClientSession, Measured, Patience, Target};
use brelu_networks::graph::{RunError, Scratch};

/// Why an evaluation stopped early.
#[derive(Debug, Error)]
pub enum EvaluateError {
    /// An image.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The float network.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A simulation.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// A session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// What computes the inferences.
#[derive(Clone, Copy, Debug)]
pub enum Engine<'a> {
    /// A server, reached over TCP from tasks of a runtime.
    Server {
        /// Where it listens.
        address: &'a str,
        /// How long to wait for it.
        patience: Patience,
        /// Who the client is.
        party: &'a Arc<ClientParty>,
        /// The runtime that carries the bytes.
        runtime: &'a Handle,
    },
    /// This process, in the clear.
    Simulator(&'a Simulator<'a>),
}

/// A plan, what runs it, and on what.
pub struct Evaluation<'a> {
    /// The plan.
    pub plan: &'a Plan<'a>,
    /// What runs it.
    pub engine: Engine<'a>,
    /// What it is compared with.
    pub float: Option<Float<'a>>,
    /// Images by their place in the data set.
    pub images: &'a (dyn Fn(usize) -> Result<Item, DataError> + Sync),
    /// How many inferences run side by side.
    pub jobs: usize,
}

impl std::fmt::Debug for Evaluation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Evaluation({:?}, {} jobs)", self.engine, self.jobs)
    }
}

type Outcome<T> = Result<T, EvaluateError>;

/// The images that are still to be done, and how they are judged.
struct Queue<'a> {
    indices: &'a [usize],
    judge: &'a Judge,
    next: AtomicUsize,
    stop: &'a AtomicBool,
    failed: AtomicBool,
}

impl Queue<'_> {
    fn take(&self) -> Option<usize> {
        let over = self.stop.load(Ordering::Relaxed) || self.failed.load(Ordering::Relaxed);
        if over { None } else { self.indices.get(self.next.fetch_add(1, Ordering::Relaxed)).copied() }
    }
}

/// One image, ready for both networks.
struct Subject {
    index: usize,
    item: Item,
    input: Vec<u32>,
    float: Option<Vec<f32>>,
}

impl Evaluation<'_> {
    /// Evaluates the images with these indices until they are done or `stop` is raised, and shows every result as it
    /// comes.
    ///
    /// # Errors
    /// The first one that any inference or `show` meets; what was in progress is lost.
    pub fn run(
        &self,
        indices: &[usize],
        stop: &AtomicBool,
        mut show: impl FnMut(Record) -> Outcome<()>,
    ) -> Outcome<()> {
        let judge = &Judge::of_plan(self.plan);
        let queue = Queue { indices, judge, next: AtomicUsize::new(0), stop, failed: AtomicBool::new(false) };
        let (out, results) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..self.jobs.min(indices.len()) {
                let (queue, out) = (&queue, out.clone());
                scope.spawn(move || {
                    if let Err(error) = self.work(queue, &out) {
                        // The receiver lives as long as the scope.
                        drop(out.send(Err(error)));
                    }
                });
            }
            drop(out);
            let mut result = Ok(());
            for record in results {
                let shown = record.and_then(&mut show);
                if shown.is_err() && result.is_ok() {
                    queue.failed.store(true, Ordering::Relaxed);
                    result = shown;
                }
            }
            result
        })
    }

    fn work(&self, queue: &Queue<'_>, out: &Sender<Outcome<Record>>) -> Outcome<()> {
        match self.engine {
            Engine::Server { address, patience, party, runtime } => {
                let (plan, party) = (self.plan, party.clone());
                let target = Target { plan, address: address.into(), patience, party };
                runtime.block_on(self.infer(target, queue, out))
            }
            Engine::Simulator(simulator) => self.simulate(simulator, queue, out),
        }
    }

    async fn infer(
        &self,
        target: Target<'_>,
        queue: &Queue<'_>,
        out: &Sender<Outcome<Record>>,
    ) -> Outcome<()> {
        let mut memory = ClientMemory::for_plan(self.plan);
        let mut session = ClientSession::start(target, &mut memory, |_| ()).await?;
        let mut scratch = Scratch::default();
        while let Some(index) = queue.take() {
            let subject = self.subject(queue.judge, index, &mut scratch)?;
            let measured = session.infer(&subject.input, &mut |_, _| ()).await?;
            drop(out.send(Ok(self.measured(queue.judge, subject, &measured))));
        }
        // All results are there; whether the server hears the good-bye does not matter.
        drop(session.close().await);
        Ok(())
    }

    fn simulate(
        &self,
        simulator: &Simulator<'_>,
        queue: &Queue<'_>,
        out: &Sender<Outcome<Record>>,
    ) -> Outcome<()> {
        let mut scratch = Scratch::default();
        while let Some(index) = queue.take() {
            let subject = self.subject(queue.judge, index, &mut scratch)?;
            let start = Instant::now();
            let outcome = simulator.run(&subject.input, index as u64)?;
            let beyond = outcome.layers.iter().map(|layer| layer.out_of_range + layer.out_of_window).sum();
            let record = self.record(queue.judge, subject, &outcome.output, start.elapsed());
            drop(out.send(Ok(Record { out_of_range: Some(beyond), ..record })));
        }
        Ok(())
    }

    fn subject(&self, judge: &Judge, index: usize, scratch: &mut Scratch) -> Outcome<Subject> {
        let item = (self.images)(index)?;
        judge.check(&item.name, &item.target)?;
        let plane = self.plan.input().shape.plane();
        let input = quantise_input(&self.plan.header().preprocess, plane, &item.pixels);
        let float = self.float.as_ref().map(|float| float.run(&item.pixels, scratch)).transpose()?;
        Ok(Subject { index, item, input, float })
    }

    fn measured(&self, judge: &Judge, subject: Subject, measured: &Measured) -> Record {
        Record {
            bytes: Some(measured.bytes.into()),
            exact: Some(measured.exact),
            round_trips: Some(measured.round_trips),
            offline_seconds: measured.offline.as_secs_f64(),
            ..self.record(judge, subject, &measured.output, measured.online)
        }
    }

    fn record(&self, judge: &Judge, subject: Subject, output: &[i32], online: Duration) -> Record {
        let Subject { index, item: Item { name, target, .. }, float, .. } = subject;
        let offset = self.plan.header().class_offset as usize;
        let verdict = Verdict::new(self.plan, judge, output);
        Record {
            index,
            name,
            label: target.class().map(|label| label + offset),
            map: judge.compare(&target, &verdict.decided),
            float: float.map(|float| FloatRecord::new(&float, &verdict, &target, judge)),
            top: verdict.top,
            labels: self.plan.header().answer.labels(),
            bytes: None,
            exact: None,
            round_trips: None,
            out_of_range: None,
            offline_seconds: 0.0,
            online_seconds: online.as_secs_f64(),
        }
    }
}
