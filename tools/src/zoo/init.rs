//! Generated weights.

use brelu_core::geometry::Conv2d;

/// A generator of weights that keep the magnitude of activations (He et al., arXiv 1502.01852).
pub(super) struct Init(u64);

impl Init {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform in -1 .. 1 (splitmix64).
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// The weights of `geometry`, of variance `2 / fan_in`, times `gain`.
    pub(super) fn weights(&mut self, geometry: &Conv2d, gain: f32) -> Vec<f32> {
        let bound = gain * (6.0 / geometry.fan_in() as f32).sqrt();
        (0..geometry.weight_len()).map(|_| bound * self.next()).collect()
    }
}
