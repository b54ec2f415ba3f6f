//! What the fixed point of a plan does to the input of an activation and to its decisions, cheaply.
//!
//! Followed are, for every channel, the unit that its range in the batch and the plan's format give (as `compile` chooses
//! them from calibration images), the rounding and truncation of linear layers (three truncated shares: the sum of three
//! uniform errors of one unit each), and comparison windows: block sums below the unit of the window are decided at
//! random, with the probability of the protocol. Left out are the rounding of the input's pixels, that one layer's units
//! bind another's where tensors are added, the position of ranges over more than a batch, and values that leave their
//! range: the margin is there for those.

use rayon::prelude::*;

use super::lanes::{self, Lanes, largest};
use super::zeros;
use brelu_networks::blocks::{self, BlockRelu, BlockSize};
use brelu_networks::numbers::Random;

/// Formats of a plan, and the randomness of one activation in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Fixed {
    /// Bits of pre-activations.
    pub(in super::super) narrow: u8,
    /// Bits of comparison windows.
    pub(in super::super) window: u8,
    /// How much more than what is seen fits a range.
    pub(in super::super) margin: f32,
    /// What the masks are drawn from.
    pub(in super::super) key: u64,
}

/// Values of a batch in units, back as floats, and what decides them.
pub(super) struct Rounded {
    pub(super) values: Vec<f32>,
    /// For every channel the unit of its window.
    pub(super) steps: Vec<f32>,
}

impl Fixed {
    pub(super) fn round(
        &self,
        layer: Option<&BlockRelu>,
        z: &[f32],
        [channels, plane, line]: [usize; 3],
    ) -> Rounded {
        let size = |channel: usize| {
            layer.and_then(|layer| layer.sizes().get(channel).copied()).unwrap_or(BlockSize::RELU)
        };
        let of = |channel: usize| {
            let planes = || z.chunks_exact(plane).skip(channel).step_by(channels);
            let value = planes().map(largest).fold(0.0, f32::max);
            let sum = match size(channel) {
                BlockSize::RELU => value,
                size => planes().map(|plane| largest_sum(plane, line, size)).fold(0.0, f32::max),
            };
            self.units(value, sum)
        };
        let units: Vec<[f32; 2]> = (0..channels).into_par_iter().map(of).collect();
        let mut values = zeros(z.len());
        values.par_chunks_exact_mut(plane).zip(z.par_chunks_exact(plane)).enumerate().for_each(
            |(at, (values, z))| {
                let [unit, _] = units[at % channels];
                let (mut random, inverse) = (self.lanes(at, 0), 1.0 / unit);
                lanes::zip(
                    values,
                    z,
                    || random.triangle(),
                    |_, z, error| unit * nearest(z * inverse + error),
                );
            },
        );
        Rounded { values, steps: units.into_iter().map(|[_, step]| step).collect() }
    }

    /// The unit of values up to `value` and block sums up to `sum`, and the unit of the window over these sums.
    fn units(&self, value: f32, sum: f32) -> [f32; 2] {
        let room = f32::from(self.narrow).exp2();
        let unit = (4.0 * value / room).max(2.0 * sum / room) * self.margin;
        let unit = if unit > 0.0 { unit } else { 1.0 };
        let reach = (sum * self.margin / unit).max(1.0).log2().ceil();
        let lo = (reach + 1.0 - f32::from(self.window))
            .clamp(0.0, f32::from(self.narrow) - f32::from(self.window));
        // A window that begins at the lowest bit decides exactly.
        [unit, if lo > 0.0 { unit * lo.exp2() } else { 0.0 }]
    }

    /// Random numbers of one plane: for its values (0), and for the decisions pixel by pixel of each term (1, 2).
    pub(super) fn lanes(&self, plane: usize, term: u64) -> Lanes {
        Lanes::new(self.word(plane, u64::MAX - term))
    }

    fn word(&self, plane: usize, number: u64) -> u64 {
        Random::new(self.key ^ Random::new((plane as u64) << 24 ^ number).word()).word()
    }

    /// Whether the block with this number passes.
    pub(super) fn passes(&self, plane: usize, number: u64, sum: f32, step: f32) -> bool {
        // Outside the unit of the window nothing is left to chance.
        if sum.abs() >= 0.5 * step {
            return blocks::passes(sum);
        }
        passes(sum, step, (self.word(plane, number) >> 40) as f32 / (1 << 24) as f32)
    }
}

/// Whether a sum passes a window with units of `step`, for a random number from 0 to below 1.
#[inline(always)]
pub(super) fn passes(sum: f32, step: f32, random: f32) -> bool {
    // With a unit of zero this is the sign. A pixel at 0, which gives 0 either way, does not pass then: as ReLU's, its
    // gradient is 0.
    sum > (random - 0.5) * step
}

/// The nearest whole number, without a call: adding pushes the fraction out, as far as it is in the mantissa at all.
#[inline(always)]
fn nearest(value: f32) -> f32 {
    const PUSH: f32 = (3 << 22) as f32;
    if value.abs() < (1 << 22) as f32 { (value + PUSH) - PUSH } else { value }
}

fn largest_sum(plane: &[f32], line: usize, size: BlockSize) -> f32 {
    let (height, width) = (usize::from(size.height), usize::from(size.width));
    if !size.decides() {
        return 0.0;
    }
    let mut most = 0.0f32;
    for band in plane.chunks(height * line) {
        for start in (0..line).step_by(width) {
            let rows = band.chunks(line).map(|row| row[start..(start + width).min(line)].iter().sum::<f32>());
            most = most.max(rows.sum::<f32>().abs());
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: Fixed = Fixed { narrow: 12, window: 6, margin: 1.5, key: 5 };

    #[test]
    fn values_are_units_near_their_own() {
        let z: Vec<f32> = (0..512).map(|at| ((at * 37 + 11) % 101) as f32 / 50.0 - 1.0).collect();
        let rounded = FIXED.round(None, &z, [2, 256, 16]);
        for channel in 0..2 {
            // The largest value with the margin is 2^(n-2) units.
            let most = z[channel * 256..][..256].iter().fold(0.0f32, |most, z| most.max(z.abs()));
            let unit = most * 1.5 / 1024.0;
            let errors = rounded.values.iter().zip(&z).skip(channel * 256).take(256);
            let errors: Vec<f32> = errors.map(|(value, z)| (value - z) / unit).collect();
            assert!(errors.iter().all(|error| error.abs() <= 1.5));
            let mean = errors.iter().sum::<f32>() / 256.0;
            let square = errors.iter().map(|error| error * error).sum::<f32>() / 256.0;
            assert!(mean.abs() < 0.12 && (0.18..0.33).contains(&square), "{mean} {square}");
            let units = rounded.values[channel * 256] / unit;
            assert!((units - units.round()).abs() < 1e-2);
        }
        assert_eq!(rounded.values, FIXED.round(None, &z, [2, 256, 16]).values);
        assert_ne!(rounded.values, Fixed { key: 6, ..FIXED }.round(None, &z, [2, 256, 16]).values);
    }

    #[test]
    fn windows_hold_the_largest_sum() {
        // 1.5 in 1024 units, and 6 bits of window for them: 2^(lo + 5) is at least 1024.
        let [unit, step] = FIXED.units(1.0, 1.0);
        assert!((unit * 1024.0 - 1.5).abs() < 1e-6 && (step / unit - 32.0).abs() < 1e-3);
        // Sums of sixteen values bind, with 2^(n-1) units: 2^(lo + 5) is at least 2048.
        let [unit, step] = FIXED.units(1.0, 16.0);
        assert!((unit * 2048.0 - 24.0).abs() < 1e-4 && (step / unit - 64.0).abs() < 1e-3);
        assert_eq!(Fixed { window: 11, ..FIXED }.units(1.0, 1.0)[1], 0.0);
    }

    #[test]
    fn small_sums_are_decided_at_random() {
        let share = |sum: f32| {
            (0..4000u64).filter(|number| FIXED.passes(3, *number, sum, 1.0)).count() as f32 / 4000.0
        };
        assert_eq!([share(-0.6), share(0.6)], [0.0, 1.0]);
        assert!((share(0.0) - 0.5).abs() < 0.04 && (share(0.25) - 0.75).abs() < 0.04);
        assert!(
            FIXED.passes(0, 0, 1e-9, 0.0) && FIXED.passes(0, 0, 0.0, 0.0) && !FIXED.passes(0, 0, -1e-9, 0.0)
        );
        assert!(passes(1e-9, 0.0, 0.9) && !passes(0.0, 0.0, 0.1) && !passes(-1e-9, 0.0, 0.1));
        assert_eq!([-0.6f32, 0.4, 1.5, 2.5, 1e9].map(nearest), [-1.0, 0.0, 2.0, 2.0, 1e9]);
    }
}
