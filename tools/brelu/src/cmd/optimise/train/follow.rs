//! Watching a training: what it says, and when it is saved.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use brelu::report::{Bar, print};

use brelu_learn::training::{Observer, Row, Snapshot, State, Stepped, Training};
use brelu_networks::numbers::percent;

type Save<'a> = &'a dyn Fn(Snapshot) -> Result<()>;
type Record<'a> = &'a dyn Fn(&[Row]) -> Result<()>;

/// Least time between two writings of the history, which is written as a whole.
const HISTORY: Duration = Duration::from_secs(1);

/// Shows how far a training is, and saves it.
pub(super) struct Follow<'a> {
    bar: Bar,
    shown: bool,
    total: u64,
    stop: &'a AtomicBool,
    save: Save<'a>,
    record: Record<'a>,
    every: Duration,
    saved: Instant,
    /// When the history was written.
    written: Option<Instant>,
    begun: bool,
    speed: Speed,
    failed: Option<anyhow::Error>,
}

/// Images a second over the last steps.
struct Speed {
    since: Instant,
    images: usize,
    rate: f64,
}

impl Speed {
    const WINDOW: Duration = Duration::from_secs(2);

    fn add(&mut self, images: usize) -> f64 {
        self.images += images;
        let passed = self.since.elapsed();
        if passed > Self::WINDOW || self.rate == 0.0 {
            self.rate = self.images as f64 / passed.as_secs_f64().max(1e-9);
            (self.since, self.images) = (Instant::now(), 0);
        }
        self.rate
    }
}

impl<'a> Follow<'a> {
    /// `save` writes a state at once and then every so often, `record` the history.
    pub(super) fn new(
        training: &Training<'_>,
        state: &State,
        stop: &'a AtomicBool,
        every: Duration,
        save: Save<'a>,
        record: Record<'a>,
    ) -> Self {
        let total = training.options.schedule.total;
        let bar = Bar::new(total, "training");
        bar.at(state.step(), total);
        Self {
            bar,
            shown: std::io::stderr().is_terminal(),
            total,
            stop,
            save,
            record,
            every,
            saved: Instant::now(),
            written: None,
            begun: state.step() > 0,
            speed: Speed { since: Instant::now(), images: 0, rate: 0.0 },
            failed: None,
        }
    }

    /// Ends the bar and says what could not be saved, if anything.
    pub(super) fn finish(self) -> Option<anyhow::Error> {
        self.failed
    }

    fn keep(&mut self, result: Result<()>) -> ControlFlow<()> {
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

impl Observer for Follow<'_> {
    fn before(&mut self, state: &State) -> ControlFlow<()> {
        let stopped = self.stop.load(Ordering::Relaxed);
        if stopped || !self.begun || self.saved.elapsed() > self.every {
            let result = (self.save)(Snapshot::new(state)).and_then(|()| (self.record)(state.history()));
            (self.begun, self.saved) = (true, Instant::now());
            self.keep(result)?;
        }
        if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn stepped(&mut self, step: &Stepped) {
        let speed = self.speed.add(step.images);
        self.bar.at(step.step, self.total);
        if self.shown {
            self.bar.say(format!(
                "loss {:.4}, right {}, {speed:.0} images/s, rate {:.2e}",
                step.loss,
                percent(step.accuracy),
                step.rate
            ));
        }
    }

    fn recorded(&mut self, rows: &[Row]) -> ControlFlow<()> {
        if self.written.is_none_or(|written| written.elapsed() > HISTORY) {
            let result = (self.record)(rows);
            self.written = Some(Instant::now());
            self.keep(result)?;
        }
        let Some(row) = rows.last() else { return ControlFlow::Continue(()) };
        let result = self.bar.paused(|| print(line(row))).map_err(anyhow::Error::from);
        self.keep(result)
    }

    fn validated(&mut self, done: usize, all: usize) {
        if self.shown {
            self.bar.say(format!("validating, batch {done} of {all}"));
        }
    }
}

fn line(row: &Row) -> String {
    let mut line = format!(
        "step {:>7}  epoch {:>7.2}  rate {:.2e}  loss {:.4}  right {:>7}",
        row.step,
        row.epoch,
        row.rate,
        row.loss,
        percent(row.accuracy)
    );
    if let Some(scores) = row.validation {
        line += &format!("  validation: loss {:.4}  right {}", scores.loss, percent(scores.accuracy));
        if let Some(mean_iou) = scores.mean_iou {
            line += &format!("  mIoU {}", percent(mean_iou));
        }
    }
    line + "\n"
}
