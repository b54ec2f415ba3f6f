/// SplitMix64: the same pictures and weights on every machine. Not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// What the state grows by: odd, so that its multiples tell numbers apart.
    pub const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// From a seed, which may be any number.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform.
    #[inline]
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Uniform below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.word()) * end as u128) >> 64) as usize
    }

    /// Uniform from `low` to `high`.
    pub fn uniform(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * ((self.word() >> 40) as f32 / (1 << 24) as f32)
    }

    /// A vector of length 1, uniform on the circle.
    pub fn direction(&mut self) -> [f32; 2] {
        loop {
            let [x, y] = [0; 2].map(|_| self.uniform(-1.0, 1.0));
            let square = x * x + y * y;
            if (0.01..=1.0).contains(&square) {
                let length = square.sqrt();
                return [x / length, y / length];
            }
        }
    }

    /// Mean 0 and variance 1, nearly normal.
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.uniform(-0.5, 0.5)).sum()
    }
}
