//! All first-order distortions from the gradients of one batch.

use rayon::prelude::*;

use super::WINDOWS;
use super::first_order::{Plane, Ramps, Scratch, Sums};
use super::layers::{Layer, LayerSums};
use super::probe::Observed;
use super::ranges::Ranges;

/// Adds the squared changes of all probes, for every layer, channel and candidate. `residual` is what a probe (first
/// argument) of an image of the batch (second) differs from its reference already.
pub(super) fn add(
    layers: &[Layer],
    observed: &Observed,
    ranges: Option<&Ranges>,
    residual: &(dyn Fn(usize, usize) -> f32 + Sync),
    sums: &mut [LayerSums],
) {
    for (at, (layer, sums)) in layers.iter().zip(sums).enumerate() {
        let candidates = layer.sizes.len();
        let mut none: Vec<[f64; WINDOWS.len()]> = Vec::new();
        let windows = if ranges.is_some() { &mut sums.windows } else { &mut none };
        let mut windows: Vec<&mut [[f64; WINDOWS.len()]]> = windows.chunks_mut(candidates).collect();
        windows.resize_with(layer.shape.channels as usize, Default::default);
        let channels = sums.distortion.par_chunks_mut(candidates).zip(windows).enumerate();
        channels.for_each_init(Scratch::default, |scratch, (channel, (distortion, windows))| {
            let ramps: Option<Vec<Ramps>> = ranges.map(|ranges| {
                (0..candidates).map(|candidate| ranges.ramps(at, channel * candidates + candidate)).collect()
            });
            let mut sums = Sums { distortion, windows };
            let view = View { layer, at, channel, observed };
            view.add(ramps.as_deref(), residual, scratch, &mut sums);
        });
    }
}

/// One channel in all images of a batch.
struct View<'a> {
    layer: &'a Layer,
    at: usize,
    channel: usize,
    observed: &'a Observed,
}

impl View<'_> {
    fn add(
        &self,
        ramps: Option<&[Ramps]>,
        residual: &(dyn Fn(usize, usize) -> f32 + Sync),
        scratch: &mut Scratch,
        sums: &mut Sums<'_>,
    ) {
        let at_once = Plane::probes_at_once(self.layer.bound.is_some());
        let images = self.observed.inputs[self.at].len() / self.layer.shape.len().max(1);
        for image in 0..images {
            for (group, gradients) in self.observed.gradients.chunks(at_once).enumerate() {
                let probes: Vec<&[f32]> =
                    gradients.iter().map(|gradients| self.plane(&gradients[self.at], image)).collect();
                let now = self.plane(&self.observed.outputs[self.at], image);
                let target: Vec<f32> = probes
                    .iter()
                    .enumerate()
                    .map(|(probe, gradient)| dot(gradient, now) - residual(group * at_once + probe, image))
                    .collect();
                let plane = Plane {
                    line: self.layer.shape.width as usize,
                    z: self.plane(&self.observed.inputs[self.at], image),
                    probes: &probes,
                    bound: self.layer.bound,
                };
                plane.add(&self.layer.walk, self.layer.special, &target, ramps, scratch, sums);
            }
        }
    }

    fn plane<'v>(&self, values: &'v [f32], image: usize) -> &'v [f32] {
        let plane = self.layer.shape.plane();
        &values[image * self.layer.shape.len() + self.channel * plane..][..plane]
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() as f32
}
