//! Generated weights.

use brelu_core::geometry::Conv2d;

/// A generator of weights that keep the magnitude of activations (He et al., arXiv 1502.01852).
pub(super) struct Init(Option<u64>);

impl Init {
    /// Zeros if there is no seed.
    pub(super) const fn new(seed: Option<u64>) -> Self {
        Self(seed)
    }

    /// The weights of `geometry`, of variance `2 / fan_in`, times `gain`.
    pub(super) fn weights(&mut self, geometry: &Conv2d, gain: f32) -> Vec<f32> {
        let len = geometry.weight_len();
        let Some(state) = &mut self.0 else { return vec![0.0; len] };
        let bound = gain * (6.0 / geometry.fan_in() as f32).sqrt();
        (0..len).map(|_| bound * next(state)).collect()
    }
}

/// Uniform in -1 .. 1 (splitmix64).
fn next(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
}
