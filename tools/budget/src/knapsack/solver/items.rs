//! Choices in the units of exact arithmetic.

use super::Choice;

/// A limit on values is this many units, or up to twice as many.
const UNITS_LOG2: i32 = 59;

/// The smallest positive number is two to this.
const SMALLEST_LOG2: i32 = -1074;

/// An undominated choice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    cost: u64,
    /// Its value less the least value of its class.
    excess: f64,
    pick: u32,
}

/// A choice in units: cost and value less the least of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) cost: u64,
    pub(super) value: u64,
    /// Its position among the choices of the class.
    pub(super) pick: u32,
}

/// The choices of all classes that can be part of an optimal solution: a class's costs rise and its values fall strictly,
/// from cost 0 on.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    pub(super) classes: Vec<Vec<Item>>,
    /// Sum of the least costs, which items do not contain.
    least_cost: u64,
    /// Sum of the least values, which items do not contain.
    least_value: f64,
    /// One unit of an item's cost; divides all of them.
    cost_unit: u64,
    /// One unit of an item's value; a power of two.
    value_unit: f64,
}

/// For each class its choices that are neither dearer nor worse than another, by rising cost.
pub(super) fn frontiers(classes: &[Vec<Choice>]) -> (Vec<Vec<Candidate>>, f64) {
    let least = classes.iter().map(|class| least_value(class)).sum();
    (classes.iter().map(|class| frontier(class)).collect(), least)
}

fn least_value(class: &[Choice]) -> f64 {
    class.iter().map(|choice| choice.value).fold(f64::INFINITY, f64::min)
}

fn frontier(class: &[Choice]) -> Vec<Candidate> {
    let least = least_value(class);
    let candidate = |(pick, choice): (usize, &Choice)| Candidate {
        cost: choice.cost,
        excess: choice.value - least,
        pick: pick as u32,
    };
    let mut candidates: Vec<_> = class.iter().enumerate().map(candidate).collect();
    candidates.sort_by(|a, b| a.cost.cmp(&b.cost).then(a.excess.total_cmp(&b.excess)));
    let mut best = f64::INFINITY;
    candidates.retain(|candidate| {
        let better = candidate.excess < best;
        best = best.min(candidate.excess);
        better
    });
    candidates
}

/// The largest value less the least of its class.
pub(super) fn largest_excess((frontiers, _): &(Vec<Vec<Candidate>>, f64)) -> f64 {
    frontiers.iter().flatten().map(|candidate| candidate.excess).fold(0.0, f64::max)
}

impl Items {
    /// Choices with a value, less the least of the class, of at most `limit`, in units that suit it.
    pub(super) fn new((frontiers, least_value): &(Vec<Vec<Candidate>>, f64), limit: f64) -> Self {
        let unit = unit(limit);
        let classes = frontiers.iter().map(|class| in_units(class, unit, limit)).collect();
        let mut items =
            Self { classes, least_cost: 0, least_value: *least_value, cost_unit: 1, value_unit: unit };
        items.shift_costs();
        items.divide_costs();
        items
    }

    fn shift_costs(&mut self) {
        for class in &mut self.classes {
            let least = class.first().map_or(0, |item| item.cost);
            class.iter_mut().for_each(|item| item.cost -= least);
            self.least_cost += least;
        }
    }

    fn divide_costs(&mut self) {
        let divisor = self.classes.iter().flatten().fold(0, |divisor, item| gcd(item.cost, divisor)).max(1);
        self.classes.iter_mut().flatten().for_each(|item| item.cost /= divisor);
        self.cost_unit = divisor;
    }

    /// What of `capacity` is left for items' costs, in their units, but not more than they could use.
    pub(super) fn room(&self, capacity: u64) -> u64 {
        let usable: u64 = self.classes.iter().filter_map(|class| class.last()).map(|item| item.cost).sum();
        (capacity.saturating_sub(self.least_cost) / self.cost_unit).min(usable)
    }

    /// What a sum of items' values is at most, one rounding a class taken into account.
    pub(super) fn at_most(&self, value: u128) -> f64 {
        (value as f64 + self.classes.len() as f64) * self.value_unit * (1.0 + f64::EPSILON * 4.0)
    }

    /// What the sum of values is at least if that of items' values is at least `value`.
    pub(super) fn at_least(&self, value: i128) -> f64 {
        let excess = (value as f64 - self.classes.len() as f64).max(0.0) * self.value_unit;
        (self.least_value + excess) * (1.0 - f64::EPSILON * 4.0)
    }

    /// A sum of items' values as a sum of values.
    pub(super) fn value(&self, value: u128) -> f64 {
        self.least_value + value as f64 * self.value_unit
    }

    /// A sum of items' costs as a sum of costs.
    pub(super) const fn cost(&self, cost: u64) -> u64 {
        self.least_cost + cost * self.cost_unit
    }
}

/// The power of two of which `limit` has 2^59 to 2^60; 1 for the limit 0.
fn unit(limit: f64) -> f64 {
    if limit <= 0.0 {
        return 1.0;
    }
    // No smaller than the smallest number, of which all others are multiples. Its inverse would be infinite.
    let log2 = (limit.log2().floor() as i32 - UNITS_LOG2).max(SMALLEST_LOG2);
    2f64.powi(log2 / 2) * 2f64.powi(log2 - log2 / 2)
}

fn in_units(class: &[Candidate], unit: f64, limit: f64) -> Vec<Item> {
    let within = class.iter().filter(|candidate| candidate.excess <= limit);
    let mut items: Vec<Item> = within
        .map(|candidate| Item {
            cost: candidate.cost,
            value: (candidate.excess / unit).round() as u64,
            pick: candidate.pick,
        })
        .collect();
    items.dedup_by_key(|item| item.value);
    items
}

const fn gcd(a: u64, b: u64) -> u64 {
    if a == 0 { b } else { gcd(b % a, a) }
}
