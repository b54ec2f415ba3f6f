//! Whether the time of a step depends on its secrets: inputs of zeros and random inputs, in random order, compared with
//! Welch's t-test (O. Reparaz, J. Balasch and I. Verbauwhede, Dude, is my code constant time?, DATE 2017).
//!
//! A difference that is found is real. One that is not found may still be there: between other inputs, on other
//! processors, or smaller than the noise. Every trial looks for a deliberate leak too and fails if it does not find it.

mod steps;
mod welch;

use std::hint::black_box;
use std::time::Instant;

use brelu_core::prf::{Address, Kind, PairKey, Stream};
use rayon::ThreadPoolBuilder;
use serde::Serialize;

use steps::Step;

/// Values of |t| from which on a difference is no accident. The method's authors take 4.5 for suspicious and 10 for
/// certain.
pub const CERTAIN: f64 = 10.0;

/// What was found about one step.
#[derive(Clone, Debug, Serialize)]
pub struct StepTiming {
    /// Who runs the step.
    pub party: &'static str,
    /// What it does.
    pub step: &'static str,
    /// Measurements of both classes together.
    pub measurements: usize,
    /// Welch's t, of the cropping where it is largest; positive if random inputs take longer than zeros.
    pub t: f64,
    /// Whether |t| was above [`CERTAIN`] twice.
    pub leaks: bool,
}

/// What was found about all steps.
#[derive(Clone, Debug, Serialize)]
pub struct Timing {
    /// The steps of the protocol.
    pub steps: Vec<StepTiming>,
    /// The deliberate leak, which was found.
    pub control: StepTiming,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum TimingError {
    /// The deliberate leak was not found.
    #[error(
        "a deliberate leak was not found (t = {0:.1}): take more measurements, or a machine with less to do"
    )]
    Blind(f64),
    /// There is no thread to measure in.
    #[error("there is no thread to measure in: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A kernel refuses its map.
    #[error(transparent)]
    Kernel(#[from] brelu_kernels::ring::KernelError),
}

/// Measures every step `measurements` times, long ones less often, on one thread, and again those that seem to leak. `progress` is called with
/// (steps done, steps).
///
/// # Errors
/// [`TimingError::Blind`] if the deliberate leak was not found.
pub fn run(
    measurements: usize,
    mut progress: impl FnMut(usize, usize) + Send,
) -> Result<Timing, TimingError> {
    let threads = ThreadPoolBuilder::new().num_threads(1).build()?;
    threads.install(|| {
        let control = twice(&mut steps::leaky(), measurements);
        if !control.leaks {
            return Err(TimingError::Blind(control.t));
        }
        let mut steps = steps::all()?;
        let count = steps.len();
        let timings = steps.iter_mut().enumerate().map(|(index, step)| {
            progress(index, count);
            twice(step, measurements)
        });
        Ok(Timing { steps: timings.collect(), control })
    })
}

/// Measures a step, and once more if it seems to leak; keeps the smaller t.
fn twice(step: &mut Step, measurements: usize) -> StepTiming {
    let measurements = measurements / step.times;
    let mut t = once(step, measurements, 1);
    if t.abs() > CERTAIN {
        let again = once(step, measurements, 2);
        t = if again.abs() < t.abs() { again } else { t };
    }
    let leaks = t.abs() > CERTAIN;
    StepTiming { party: step.party, step: step.name, measurements, t, leaks }
}

fn once(step: &mut Step, measurements: usize, seed: u8) -> f64 {
    let mut secrets = Secrets::new(seed, measurements);
    let mut words = vec![0; step.secrets];
    let mut times = [Vec::with_capacity(measurements), Vec::with_capacity(measurements)];
    for index in 0..measurements {
        let class = secrets.next(index, &mut words);
        let words = black_box(&mut words[..]);
        let start = Instant::now();
        (step.run)(words);
        let time = start.elapsed();
        black_box(&words);
        times[class].push(time.as_nanos() as f64);
    }
    welch::largest(&times)
}

/// The inputs of both classes, made by the same instructions.
struct Secrets {
    stream: Stream,
    classes: Vec<u32>,
}

impl Secrets {
    fn new(seed: u8, measurements: usize) -> Self {
        let stream = |kind| PairKey::new([seed; 32]).stream(Address::new(1, 1, kind));
        let mut classes = vec![0; measurements];
        stream(Kind::CdTable).fill(1, 0, &mut classes);
        Self { stream: stream(Kind::CdZeta), classes }
    }

    /// Fills `words` with zeros (class 0) or random words (class 1), and returns the class.
    fn next(&mut self, index: usize, words: &mut [u32]) -> usize {
        let class = self.classes[index];
        self.stream.fill(32, (index * words.len()) as u64, words);
        words.iter_mut().for_each(|word| *word &= class.wrapping_neg());
        class as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_runs_on_both_classes() {
        for mut step in steps::all().unwrap() {
            assert!(once(&mut step, 32, 3).is_finite(), "{}", step.name);
        }
    }

    #[test]
    fn a_deliberate_leak_is_found() {
        let found = twice(&mut steps::leaky(), 20_000);
        assert!(found.leaks, "t = {}", found.t);
    }
}
