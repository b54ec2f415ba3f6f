//! Generated weights.

use brelu_core::geometry::Conv2d;

use crate::numbers::Random;

/// A generator of weights that keep the magnitude of activations (He et al., arXiv 1502.01852).
pub(super) struct Init(Option<Random>);

impl Init {
    /// Zeros if there is no seed.
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self(seed.map(Random::new))
    }

    /// The weights of `geometry`, of variance `2 / fan_in`, times `gain`.
    pub(super) fn weights(&mut self, geometry: &Conv2d, gain: f32) -> Vec<f32> {
        let len = geometry.weight_len();
        let Some(random) = &mut self.0 else { return vec![0.0; len] };
        let bound = gain * (6.0 / geometry.fan_in() as f32).sqrt();
        (0..len).map(|_| bound * random.uniform(-1.0, 1.0)).collect()
    }
}
