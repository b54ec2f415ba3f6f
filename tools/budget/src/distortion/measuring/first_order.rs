//! The first-order distortion of one channel of one image, for all block sizes and windows.
//!
//! With `g = d(output)/d(activation)` for a probe of the output, changing the channel's activation from `a` to `y` changes
//! the probe by about `<g, y - a>`. A block of `y` is `d * z`, so that only the sums `<g, z>` over blocks are needed. A
//! bounded ReLU subtracts a second block-ReLU, of `z - max`.
//!
//! A comparison window of `w` bits decides at random near zero: a block with sum `s` passes with probability
//! `p = clamp(s / step + 1/2, 0, 1)`, where `step` is the unit of the window (protocol, block-ReLU). The expected squared
//! change is that of the mean decision plus `p (1 - p) <g, z>^2` a block.

use super::WINDOWS;
use super::walk::{Sizes, add};
use brelu_networks::blocks;

/// Values a pixel: `z`, then `<g, z>` and, for bounded activations, `g`, of each probe.
pub(super) const LANES: usize = 12;

/// Half the unit of each of [`WINDOWS`], narrowest first, for `z` and for `z - max`: sums below it in magnitude are decided
/// at random.
pub(super) type Ramps = [[f32; WINDOWS.len()]; 2];

/// One channel of one image.
pub(super) struct Plane<'a> {
    /// Pixels a row.
    pub(super) line: usize,
    /// The activation's input.
    pub(super) z: &'a [f32],
    /// Gradients of at most [`Plane::probes_at_once`] probes with respect to the activation's output.
    pub(super) probes: &'a [&'a [f32]],
    /// The bound of a bounded activation.
    pub(super) bound: Option<f32>,
}

/// Sums over images and probes, by candidate.
pub(super) struct Sums<'a> {
    pub(super) distortion: &'a mut [f64],
    /// With windows; empty if they are not asked for.
    pub(super) windows: &'a mut [[f64; WINDOWS.len()]],
}

/// Memory that is used again.
#[derive(Default)]
pub(super) struct Scratch {
    plane: Vec<[f32; LANES]>,
    strips: Vec<[f32; LANES]>,
    totals: Vec<Totals>,
}

/// What the blocks of one size add up to.
#[derive(Clone, Copy, Default)]
struct Totals {
    /// The activation's part in every probe.
    output: [f32; LANES],
    /// What windows change of it in the mean, and the variance.
    windows: [Window; WINDOWS.len()],
}

#[derive(Clone, Copy, Default)]
struct Window {
    mean: [f32; LANES],
    variance: [f32; LANES],
}

impl Plane<'_> {
    /// How many probes fit the lanes.
    pub(super) const fn probes_at_once(bounded: bool) -> usize {
        if bounded { (LANES - 1) / 2 } else { LANES - 1 }
    }

    fn fill(&self, plane: &mut Vec<[f32; LANES]>) {
        plane.clear();
        plane.resize(self.z.len(), [0.0; LANES]);
        let count = self.probes.len();
        for (pixel, z) in plane.iter_mut().zip(self.z) {
            pixel[0] = *z;
        }
        for (at, gradient) in self.probes.iter().enumerate() {
            for ((pixel, g), z) in plane.iter_mut().zip(*gradient).zip(self.z) {
                pixel[1 + at] = g * z;
                if self.bound.is_some() {
                    pixel[1 + count + at] = *g;
                }
            }
        }
    }

    /// `<g, y>` for `y = z` where the block passes: the sums of `z - offset` instead of `z`.
    fn above(&self, sums: &[f32; LANES], pixels: usize, offset: f32) -> [f32; LANES] {
        let count = self.probes.len();
        let mut above = [0.0; LANES];
        above[0] = sums[0] - offset * pixels as f32;
        for at in 1..=count {
            above[at] = sums[at] - offset * sums[at + count];
        }
        above
    }

    /// Adds the squared changes of the probes from `target`, what the channel gives now, for every candidate.
    /// `special` are the candidates that decide nothing: identity and zero. `ramps` has an entry a candidate.
    pub(super) fn add(
        &self,
        sizes: &Sizes,
        special: [Option<usize>; 2],
        target: &[f32],
        ramps: Option<&[Ramps]>,
        scratch: &mut Scratch,
        sums: &mut Sums<'_>,
    ) {
        self.fill(&mut scratch.plane);
        scratch.totals.clear();
        scratch.totals.resize(sums.distortion.len(), Totals::default());
        let totals = &mut scratch.totals;
        sizes.walk(&scratch.plane, self.line, &mut scratch.strips, &mut |candidate, block, pixels| {
            let total = &mut totals[candidate];
            total.decide(block, 1.0, ramps.map(|ramps| &ramps[candidate][0]));
            if let Some(max) = self.bound {
                total.decide(&self.above(block, pixels, max), -1.0, ramps.map(|ramps| &ramps[candidate][1]));
            }
        });
        if let Some(identity) = special[0] {
            scratch.plane.iter().for_each(|pixel| add(&mut totals[identity].output, pixel));
        }
        let count = self.probes.len();
        for (at, total) in totals.iter().enumerate() {
            let hard = total.squared(target, None);
            sums.distortion[at] += hard;
            if let Some(windows) = sums.windows.get_mut(at)
                && !special.contains(&Some(at))
            {
                for (sum, window) in windows.iter_mut().zip(&total.windows) {
                    let variance: f64 =
                        window.variance[1..=count].iter().map(|value| f64::from(*value)).sum();
                    *sum += total.squared(target, Some(window)) + variance - hard;
                }
            }
        }
    }
}

impl Totals {
    /// Adds (`sign` 1) or subtracts (-1) a block's decided values.
    #[inline(always)]
    fn decide(&mut self, block: &[f32; LANES], sign: f32, ramps: Option<&[f32; WINDOWS.len()]>) {
        let passes = blocks::passes(block[0]);
        if passes {
            for (sum, value) in self.output.iter_mut().zip(block) {
                *sum += sign * value;
            }
        }
        let Some(ramps) = ramps else { return };
        let hard = f32::from(u8::from(passes));
        for (window, half) in self.windows.iter_mut().zip(ramps) {
            if block[0].abs() >= *half {
                break;
            }
            let chance = block[0] / (2.0 * half) + 0.5;
            let (shift, spread) = (sign * (chance - hard), chance * (1.0 - chance));
            for (sum, value) in window.mean.iter_mut().zip(block) {
                *sum += shift * value;
            }
            for (sum, value) in window.variance.iter_mut().zip(block) {
                *sum += spread * value * value;
            }
        }
    }

    fn squared(&self, target: &[f32], window: Option<&Window>) -> f64 {
        let change = |at: usize| self.output[at] + window.map_or(0.0, |window| window.mean[at]);
        let squares =
            target.iter().enumerate().map(|(at, target)| f64::from(change(at + 1) - target).powi(2));
        squares.sum()
    }
}
