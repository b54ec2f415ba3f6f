//! What an activation layer computes, divided among its pixels and decisions.

use std::time::Duration;

use crate::bench::{BenchError, activation};
use brelu_budget::knapsack::{Profile, Shares};

/// Channels of 32x32 pixels that are measured.
const CHANNELS: u32 = 256;

/// Measures layers of a few channels of 32x32 pixels `runs` times each: with a decision a pixel, with blocks of
/// 4x4, passed on, and zero, which is what the input, the linear layer and the output take by themselves. With `p` and `b`
/// a pixel's and a decision's share and `N` pixels,
///
/// ```text
/// t(1x1) - t(zero) = N (p + b)      t(4x4) - t(zero) = N (p + b / 16)      t(identity) - t(zero) = N i
/// ```
///
/// All parties work in this process: the times of parties that work at the same time are not told apart.
///
/// # Errors
/// If a session fails.
pub fn profile(runs: usize) -> Result<Profile, BenchError> {
    let mut rows = Vec::new();
    for block in [[1, 1], [4, 4], [0, 1], [1, 0]] {
        rows.push(activation(CHANNELS, block, runs)?);
    }
    let values = rows.first().map_or(1, |row| row.values.max(1)) as f64;
    let nanos = |time: Duration| time.as_nanos() as f64 / values;
    let offline: Vec<_> = rows.iter().map(|row| nanos(row.offline)).collect();
    let online: Vec<_> = rows.iter().map(|row| nanos(row.online)).collect();
    Ok(Profile { offline_ns: shares(&offline), online_ns: shares(&online) })
}

/// Shares from nanoseconds a value for 1x1, 4x4, identity and zero. Noise below zero counts as nothing.
fn shares(times: &[f64]) -> Shares {
    let [single, quad, identity, zero] = times else { return Shares::default() };
    let rounded = |time: f64| (time.max(0.0) * 100.0).round() / 100.0;
    let block = (single - quad).max(0.0) * 16.0 / 15.0;
    Shares {
        pixel: rounded(single - zero - block),
        block: rounded(block),
        identity: rounded(identity - zero),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_divided_among_pixels_and_decisions() {
        let time = |pixel: f64, block: f64| 7.0 + pixel + block;
        let found = shares(&[time(30.0, 64.0), time(30.0, 4.0), time(5.0, 0.0), 7.0]);
        assert_eq!(found, Shares { pixel: 30.0, block: 64.0, identity: 5.0 });
        assert_eq!(shares(&[1.0, 2.0, 1.0, 3.0]), Shares { pixel: 0.0, block: 0.0, identity: 0.0 });
    }
}
