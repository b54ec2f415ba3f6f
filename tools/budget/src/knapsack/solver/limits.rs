/// How far the search goes. All limits count work, not time: the same problem has the same answer everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// States kept a step, 24 bytes each, in two lists; of more, those with the best bounds stay.
    pub states: usize,
    /// Steps of ways kept, 12 bytes each.
    pub nodes: usize,
    /// States visited in all; a core does some ten million of them a second.
    pub visits: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { states: 1 << 21, nodes: 1 << 25, visits: 1 << 33 }
    }
}

/// What a search took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Classes in the core: those for which more than one choice was tried.
    pub core: usize,
    /// Most states at a time.
    pub peak: usize,
    /// States visited.
    pub visits: u64,
}
