//! Taking times.

use std::time::{Duration, Instant};

use brelu_networks::numbers::median;

/// Median time of `runs` runs, after one that is not counted.
pub(super) fn time(runs: usize, mut work: impl FnMut()) -> Duration {
    work();
    let mut times: Vec<Duration> = (0..runs.max(1))
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    median(&mut times)
}

/// Words that look random.
pub(super) fn noise(count: usize) -> Vec<u32> {
    (0..count as u32).map(|at| (at ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b9).rotate_left(at % 31)).collect()
}
