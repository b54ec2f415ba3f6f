//! Batch normalisation with the statistics of the batch, and its gradients.

use rayon::prelude::*;

use super::zeros;

/// Sizes of a batch: images, channels, pixels of a plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) images: usize,
    pub(super) channels: usize,
    pub(super) plane: usize,
}

/// Mean and biased variance of every channel.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    pub(super) mean: Vec<f32>,
    pub(super) variance: Vec<f32>,
}

const LANES: usize = 16;

/// The sum of a function of each pair, in lanes, so that it is fast and always adds in the same order.
#[inline(always)]
fn sum(a: &[f32], b: &[f32], of: impl Fn(f32, f32) -> f32) -> f64 {
    let mut lanes = [0.0f32; LANES];
    let (a, b) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.0.iter().zip(b.0) {
        for lane in 0..LANES {
            lanes[lane] += of(a[lane], b[lane]);
        }
    }
    let rest: f32 = a.1.iter().zip(b.1).map(|(a, b)| of(*a, *b)).sum();
    lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>() + f64::from(rest)
}

impl Sizes {
    fn planes<'a>(&self, values: &'a [f32], channel: usize) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        values.chunks_exact(self.plane).skip(channel).step_by(self.channels)
    }

    const fn count(&self) -> f64 {
        (self.images * self.plane) as f64
    }

    pub(super) fn moments(&self, x: &[f32]) -> Moments {
        let of = |channel| {
            let mean =
                self.planes(x, channel).map(|plane| sum(plane, plane, |x, _| x)).sum::<f64>() / self.count();
            let middle = mean as f32;
            let square = |x: f32, _| (x - middle) * (x - middle);
            let spread = self.planes(x, channel).map(|plane| sum(plane, plane, square)).sum::<f64>();
            (middle, (spread / self.count()) as f32)
        };
        let (mean, variance) = (0..self.channels).into_par_iter().map(of).unzip();
        Moments { mean, variance }
    }

    /// `scale (x - mean) / sqrt(variance + epsilon) + shift`.
    pub(super) fn normalise(
        &self,
        x: &[f32],
        moments: &Moments,
        scale: &[f32],
        shift: &[f32],
        epsilon: f32,
    ) -> Vec<f32> {
        let factors = moments.inverses(epsilon).zip(scale).map(|(inverse, scale)| inverse * scale);
        let terms: Vec<[f32; 3]> = factors
            .zip(&moments.mean)
            .zip(shift)
            .map(|((factor, mean), shift)| [factor, *mean, *shift])
            .collect();
        let mut y = zeros(x.len());
        let image = self.channels * self.plane;
        y.par_chunks_exact_mut(image).zip(x.par_chunks_exact(image)).for_each(|(y, x)| {
            let planes = y.chunks_exact_mut(self.plane).zip(x.chunks_exact(self.plane));
            for ((y, x), [factor, mean, shift]) in planes.zip(&terms) {
                y.iter_mut().zip(x).for_each(|(y, x)| *y = (x - mean) * factor + shift);
            }
        });
        y
    }

    /// Gradients of `x`, `scale` and `shift` from that of the output, with `n` the normalised `x`:
    /// `scale / sqrt(variance + epsilon) (g - mean(g) - n mean(g n))`, `sum(g n)` and `sum(g)`.
    pub(super) fn gradients(
        &self,
        x: &[f32],
        gradient: &[f32],
        moments: &Moments,
        scale: &[f32],
        epsilon: f32,
    ) -> [Vec<f32>; 3] {
        let inverses: Vec<f32> = moments.inverses(epsilon).collect();
        let of = |channel: usize| {
            let (mean, inverse) = (moments.mean[channel], inverses[channel]);
            let planes = || self.planes(gradient, channel).zip(self.planes(x, channel));
            let total: f64 = planes().map(|(g, _)| sum(g, g, |g, _| g)).sum();
            let along: f64 = planes().map(|(g, x)| sum(g, x, |g, x| g * (x - mean))).sum();
            [total, along * f64::from(inverse)]
        };
        let sums: Vec<[f64; 2]> = (0..self.channels).into_par_iter().map(of).collect();
        let terms: Vec<[f32; 4]> = (0..self.channels)
            .map(|channel| {
                let [total, along] = sums[channel].map(|sum| (sum / self.count()) as f32);
                let inverse = inverses[channel];
                [scale[channel] * inverse, total, along * inverse, moments.mean[channel]]
            })
            .collect();
        let mut dx = zeros(x.len());
        let image = self.channels * self.plane;
        let pairs = x.par_chunks_exact(image).zip(gradient.par_chunks_exact(image));
        dx.par_chunks_exact_mut(image).zip(pairs).for_each(|(dx, (x, g))| {
            let planes = x.chunks_exact(self.plane).zip(g.chunks_exact(self.plane));
            for ((dx, (x, g)), [factor, total, along, mean]) in
                dx.chunks_exact_mut(self.plane).zip(planes).zip(&terms)
            {
                for ((dx, x), g) in dx.iter_mut().zip(x).zip(g) {
                    *dx = factor * (g - total - (x - mean) * along);
                }
            }
        });
        let [shift, scale] = [0, 1].map(|at| sums.iter().map(|sums| sums[at] as f32).collect());
        [dx, scale, shift]
    }
}

impl Moments {
    fn inverses(&self, epsilon: f32) -> impl Iterator<Item = f32> + '_ {
        self.variance.iter().map(move |variance| 1.0 / (variance + epsilon).sqrt())
    }
}
