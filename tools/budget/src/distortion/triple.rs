use brelu_networks::numbers::Random;

/// A layer, a channel and a candidate, by their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Triple {
    /// The activation layer.
    pub layer: usize,
    /// The channel.
    pub channel: usize,
    /// The candidate among the layer's sizes.
    pub candidate: usize,
}

/// `number` of `all` triples, drawn without replacement, in order.
pub fn choose(all: &[Triple], number: usize, seed: u64) -> Vec<Triple> {
    let (mut pool, mut random) = (all.to_vec(), Random::new(seed));
    let number = number.min(pool.len());
    for at in 0..number {
        let other = at + random.below(pool.len() - at);
        pool.swap(at, other);
    }
    pool.truncate(number);
    pool.sort();
    pool
}
