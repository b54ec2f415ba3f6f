//! The choices that could be part of a better solution than the greedy one.

use super::items::{Item, Items};
use super::relax::Relaxation;

/// A choice other than the base choice of its class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alternative {
    /// Its cost less that of the base choice; never 0.
    pub(super) cost: i64,
    /// `v + l c`, less that of the base choice.
    pub(super) excess: u64,
    /// Position of the item.
    pub(super) item: u32,
}

/// A class with alternatives.
#[derive(Clone, Debug)]
pub(super) struct CoreClass {
    pub(super) class: u32,
    /// At least one, by rising excess.
    pub(super) alternatives: Vec<Alternative>,
}

/// The problem relative to its base solution: in each class the item with the least `v + l c`.
#[derive(Clone, Debug)]
pub(super) struct Core {
    pub(super) multiplier: u64,
    /// Positions of the base items.
    pub(super) base: Vec<u32>,
    /// `L(l)`.
    pub(super) bound: i128,
    /// The room the base solution leaves; negative if it takes too much.
    pub(super) slack: i64,
    /// Value of the greedy solution less the bound.
    pub(super) gap: u64,
    /// The least value above the bound that the alternatives say nothing about: `u64::MAX`, unless the gap is too large.
    pub(super) floor: u64,
    /// Classes with alternatives of less excess than the gap, by rising least excess.
    pub(super) classes: Vec<CoreClass>,
}

impl Core {
    pub(super) fn new(items: &Items, multiplier: u64, room: u64, greedy: &Relaxation) -> Self {
        let lifted = |item: &Item| u128::from(item.value) + u128::from(multiplier) * u128::from(item.cost);
        let base: Vec<u32> = items.classes.iter().map(|class| lowest(class, lifted)).collect();
        let based = || items.classes.iter().zip(&base).map(|(class, base)| &class[*base as usize]);
        // At most the greedy solution's value and l C: below 2^118.
        let lowest: u128 = based().map(lifted).sum();
        let bound = lowest as i128 - i128::from(multiplier) * i128::from(room);
        let used: u64 = based().map(|item| item.cost).sum();
        // The greedy value is about 2^60 and the bound at least 0, but for the rounding of the multiplier: the gap fits.
        let gap = u64::try_from(greedy.value as i128 - bound);
        let floor = if gap.is_ok() { u64::MAX } else { 0 };
        let gap = gap.unwrap_or(u64::MAX);
        let core_class = |(number, (class, base)): (usize, (&Vec<Item>, &u32))| {
            let low = &class[*base as usize];
            let alternative = |(position, item): (usize, &Item)| {
                let excess = u64::try_from(lifted(item) - lifted(low)).ok()?;
                let other = position != *base as usize && excess < gap;
                let cost = item.cost as i64 - low.cost as i64;
                other.then_some(Alternative { cost, excess, item: position as u32 })
            };
            let mut alternatives: Vec<_> = class.iter().enumerate().filter_map(alternative).collect();
            alternatives.sort_by_key(|alternative| alternative.excess);
            (!alternatives.is_empty()).then_some(CoreClass { class: number as u32, alternatives })
        };
        let mut classes: Vec<_> =
            items.classes.iter().zip(&base).enumerate().filter_map(core_class).collect();
        classes.sort_by_key(|class| class.alternatives[0].excess);
        Self { multiplier, base, bound, slack: room as i64 - used as i64, gap, floor, classes }
    }
}

/// Position of the item with the least `v + l c`, the cheapest of equals.
fn lowest(class: &[Item], lifted: impl Fn(&Item) -> u128) -> u32 {
    let lowest = class.iter().enumerate().min_by_key(|(_, item)| lifted(item));
    lowest.map_or(0, |(position, _)| position as u32)
}
