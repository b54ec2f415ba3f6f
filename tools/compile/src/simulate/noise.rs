/// Masks for simulations: SplitMix64. Good enough to imitate uniform shares, worthless as cryptography.
pub(super) struct Noise {
    state: u64,
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Noise {
    /// The noise of one node in the inference of `seed`.
    pub(super) fn new(seed: u64, node: u64) -> Self {
        let mut noise = Self { state: seed };
        noise.state = noise.next() ^ node.wrapping_mul(STEP).rotate_left(17);
        noise
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Two uniform words.
    #[inline]
    pub(super) fn pair(&mut self) -> [u32; 2] {
        let word = self.next();
        [word as u32, (word >> 32) as u32]
    }
}
