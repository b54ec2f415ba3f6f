//! The linear relaxation, solved greedily.

use super::hull::steps;
use super::items::Items;

/// A greedy solution and the multiplier at which the relaxation breaks.
#[derive(Clone, Debug, Default)]
pub(super) struct Relaxation {
    /// Positions of the items.
    pub(super) picks: Vec<u32>,
    /// Sum of their values.
    pub(super) value: u128,
    /// Value per cost of the first step without room, rounded to a whole number of units (any multiplier gives a bound);
    /// `None` if all steps have room, and the solution is the best.
    pub(super) multiplier: Option<u64>,
}

/// Takes steps along the hulls, the most rewarding first, while there is room; then those that still fit.
pub(super) fn relax(items: &Items, room: u64) -> Relaxation {
    let first = |class: &Vec<_>| class.first().map_or(0, |item: &super::items::Item| u128::from(item.value));
    let mut relaxation = Relaxation {
        picks: vec![0; items.classes.len()],
        value: items.classes.iter().map(first).sum(),
        multiplier: None,
    };
    let (mut left, mut blocked) = (room, vec![false; items.classes.len()]);
    for step in steps(items) {
        let class = step.class as usize;
        if blocked[class] || step.cost > left {
            blocked[class] = true;
            let rate = || (step.gain + step.cost / 2) / step.cost;
            relaxation.multiplier.get_or_insert_with(rate);
            continue;
        }
        left -= step.cost;
        relaxation.value -= u128::from(step.gain);
        relaxation.picks[class] = step.item;
    }
    relaxation
}
