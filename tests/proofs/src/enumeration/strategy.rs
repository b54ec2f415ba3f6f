//! Servers that deviate.

/// What a server knows before it sees anything: it may choose the weights, and shares randomness with the dealer.
#[derive(Clone, Copy, Debug)]
pub struct Knowledge {
    /// `W_cs` of two maps.
    pub w_cs: [u32; 2],
    /// `W_sd` of two maps.
    pub w_sd: [u32; 2],
    /// `s_sd`.
    pub s_sd: u32,
    /// `z_sd`.
    pub z_sd: u32,
    /// `eps` of two layers.
    pub eps: [u32; 2],
    /// The rounding of two maps.
    pub rounding: [u32; 2],
}

/// What a server sends: any function of what it has seen so far.
#[derive(Clone, Copy, Debug)]
pub struct Strategy {
    /// Its number, from which everything follows.
    pub number: u64,
    /// What it knows.
    pub knowledge: Knowledge,
    /// The bits of its view that it looks at.
    looks_at: u32,
}

impl Strategy {
    /// Strategy `number`. The first ones look at everything, then come some that look at a few bits, or at none.
    pub fn new(number: u64) -> Self {
        let draw = |what: u64| mix(number << 32 | what) as u32;
        let looks_at = match number % 4 {
            0 | 1 => u32::MAX,
            2 => draw(0) & draw(1),
            _ => 0,
        };
        let knowledge = Knowledge {
            w_cs: [draw(2), draw(3)],
            w_sd: [draw(4), draw(5)],
            s_sd: draw(6),
            z_sd: draw(7),
            eps: [draw(8) & 1, draw(9) & 1],
            rounding: [draw(10), draw(11)],
        };
        Self { number, knowledge, looks_at }
    }

    /// What it sends in round `round` after it has seen `seen`: for every number another random function.
    pub fn message(&self, round: u32, seen: u32) -> u32 {
        let seen = u64::from(seen & self.looks_at);
        mix(seen ^ mix(self.number.rotate_left(40) ^ u64::from(round) << 34)) as u32
    }
}

/// The finalizer of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
