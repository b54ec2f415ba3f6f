use brelu_networks::numbers::Random;

/// Masks for simulations: good enough to imitate uniform shares, worthless as cryptography.
pub(super) struct Noise(Random);

impl Noise {
    /// The noise of one node in the inference of `seed`.
    pub(super) fn new(seed: u64, node: u64) -> Self {
        let own = node.wrapping_mul(Random::STEP).rotate_left(17);
        Self(Random::new(Random::new(seed).word() ^ own))
    }

    /// Two uniform words.
    #[inline]
    pub(super) fn pair(&mut self) -> [u32; 2] {
        let word = self.0.word();
        [word as u32, (word >> 32) as u32]
    }
}
