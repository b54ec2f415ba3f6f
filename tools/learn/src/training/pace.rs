use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::{Observer, State, TrainError, Training};

/// How long a training takes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// One step.
    pub step: Duration,
    /// One validation.
    pub validation: Duration,
}

impl Training<'_> {
    /// How long steps and validations take, from steps that are forgotten again.
    ///
    /// # Errors
    /// As [`Training::run`].
    pub fn pace(&self, state: &State, spend: Duration) -> Result<Pace, TrainError> {
        let mut state = state.clone();
        let mut clock = Clock { spend, laps: Vec::new(), started: Instant::now() };
        let _ = self.run(&mut state, &mut clock)?;
        let mut laps: Vec<Duration> = clock.laps.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let step = brelu_networks::numbers::median(&mut laps);
        let images = self.validation.map_or(0, |feed| feed.samples.len());
        // Inference is about a third of a step.
        let share = images as f64 / self.options.batch.max(1) as f64 / 3.0;
        Ok(Pace { step, validation: step.mul_f64(share) })
    }
}

/// Ends a training after some time, and keeps the times of its steps.
struct Clock {
    spend: Duration,
    laps: Vec<Duration>,
    started: Instant,
}

/// Steps from which a pace is found, at least.
const LAPS: usize = 5;

impl Observer for Clock {
    fn before(&mut self, _: &State) -> ControlFlow<()> {
        let now = self.started.elapsed();
        self.laps.push(now);
        if now > self.spend && self.laps.len() > LAPS {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
