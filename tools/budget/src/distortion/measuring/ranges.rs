//! How large block sums get, which decides how coarse a comparison window of a given width is.

use rayon::prelude::*;

use super::WINDOWS;
use super::first_order::Ramps;
use super::layers::Layer;

/// A plan's windows hold this many times the largest sum that calibration saw, and are a power of two: on average the
/// square root of two wider.
const HEADROOM: f32 = 1.75 * std::f32::consts::SQRT_2;

/// The largest magnitude of a block's sum of `z` and of `z - max`, by channel and candidate.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranges(Vec<Vec<[f32; 2]>>);

impl Ranges {
    pub(super) fn new(layers: &[Layer]) -> Self {
        Self(layers.iter().map(|layer| vec![[0.0; 2]; layer.values()]).collect())
    }

    /// Sees the activation inputs of a batch.
    pub(super) fn see(&mut self, layers: &[Layer], inputs: &[Vec<f32>]) {
        for ((layer, ranges), values) in layers.iter().zip(&mut self.0).zip(inputs) {
            let (plane, channels) = (layer.shape.plane(), layer.shape.channels as usize);
            ranges.par_chunks_mut(layer.sizes.len()).enumerate().for_each(|(channel, ranges)| {
                for image in values.chunks_exact(plane * channels) {
                    see_plane(layer, &image[channel * plane..][..plane], ranges);
                }
            });
        }
    }

    /// The ramps of one channel's candidates: all sizes of a channel share the range of their own sums.
    pub(super) fn ramps(&self, layer: usize, at: usize) -> Ramps {
        self.0[layer][at].map(|range| WINDOWS.map(|width| HEADROOM * range / f32::from(width).exp2()))
    }
}

fn see_plane(layer: &Layer, z: &[f32], ranges: &mut [[f32; 2]]) {
    let pixels: Vec<[f32; 1]> = z.iter().map(|z| [*z]).collect();
    let max = layer.bound.unwrap_or(0.0);
    let line = layer.shape.width as usize;
    layer.walk.walk(&pixels, line, &mut Vec::new(), &mut |candidate, sums, pixels| {
        let above = sums[0] - max * pixels as f32;
        let [low, high] = &mut ranges[candidate];
        (*low, *high) = (low.max(sums[0].abs()), high.max(above.abs()));
    });
}
