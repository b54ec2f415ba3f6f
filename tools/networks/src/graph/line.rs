//! The map behind a list of positions.

use super::Axis;

/// Longest list of positions that a map is sought for.
const MAX_LEN: usize = 2048;

impl Axis {
    /// The map that reads exactly these positions, if there is one: they are a digital straight line
    /// `floor((i * num + add) / den)`. Of all such maps the one with the smallest denominator, which is at most their
    /// number. `None` also for an empty list and for one of more than 2048.
    pub fn through(sources: &[u32]) -> Option<Self> {
        let (first, last) = (*sources.first()?, *sources.last()?);
        let len = sources.len() as i64;
        if sources.len() > MAX_LEN || !is_even(sources) {
            return None;
        }
        let span = i64::from(last) - i64::from(first);
        let steps = (len - 1).max(1);
        for den in 1..=len {
            // The ends of a line of slope `num / den` are closer to the line than 1.
            let low = ((span - 1) * den).div_euclid(steps);
            for num in low..=((span + 1) * den).div_euclid(steps) + 1 {
                if let Some(add) = offset(sources, num, den) {
                    return Some(Self { len: sources.len() as u32, num, add, den });
                }
            }
        }
        None
    }
}

/// Whether no two steps differ by more than 1, as those of a line.
fn is_even(sources: &[u32]) -> bool {
    let steps = || sources.windows(2).map(|pair| i64::from(pair[1]) - i64::from(pair[0]));
    steps().max().zip(steps().min()).is_none_or(|(large, small)| large - small <= 1)
}

/// The smallest `add` with `floor((i * num + add) / den)` the source of every `i`.
fn offset(sources: &[u32], num: i64, den: i64) -> Option<i64> {
    let (mut low, mut high) = (i64::MIN, i64::MAX);
    for (i, source) in (0i64..).zip(sources) {
        let least = i64::from(*source) * den - i * num;
        (low, high) = (low.max(least), high.min(least + den - 1));
        if low > high {
            return None;
        }
    }
    Some(low)
}
