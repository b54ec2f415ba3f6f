//! The exact solver on plain classes of choices.
//!
//! Minimise the sum of values, one choice a class, with the sum of costs at most the capacity `C`. For every multiplier
//! `l >= 0` and every solution with sums `v` and `c` of values and costs,
//!
//! ```text
//! v = L(l) + sum of excesses + l (C - c)        L(l) = sum over classes of min(v_j + l c_j) - l C
//! excess of choice j = v_j + l c_j - min over its class >= 0
//! ```
//!
//! so `L` bounds the optimum from below, and no choice whose excess is as large as the gap between the best known
//! solution and `L` is part of a better one. `l` comes from the greedy solution of the linear relaxation over the
//! classes' lower hulls (Sinha and Zoltners 1979). The search then enlarges a core class by class, by dynamic programming
//! over undominated states (cost, excess), until no class is left that could improve the best solution (Pisinger 1995,
//! "A minimal algorithm for the multiple-choice knapsack problem"). Deviations: classes enter in the order of their
//! smallest excess instead of their gradients, gradients serve for the bound of a state; and a list of states that grows
//! beyond the limit is thinned to those of the best bounds, which makes the proof weaker instead of the search fail.
//!
//! **Rounding.** Costs are integers. Values less the least value of their class are rounded to the nearest multiple of a
//! power of two of which the greedy solution has between 2^57 and 2^61; then all arithmetic is exact. The value of an
//! "optimal" solution thus exceeds the optimum by at most one such unit a class: less than 2^-41 of the value for 2^16
//! classes.

mod check;
mod core;
mod front;
mod hull;
mod items;
mod limits;
mod relax;
mod search;
mod states;
#[cfg(test)]
mod tests;

pub use check::SolverError;
pub use front::{Front, Point, front};
pub use limits::{Effort, Limits};

use self::core::Core;
use items::Items;
use relax::{Relaxation, relax};
use search::{Found, search};

/// How often units are made finer at most.
const REFINEMENTS: usize = 4;

/// One choice of a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// What it takes of the capacity.
    pub cost: u64,
    /// What is minimised; finite and at least 0.
    pub value: f64,
}

/// One choice a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The position of each class's choice.
    pub picks: Vec<usize>,
    /// Sum of costs.
    pub cost: u64,
    /// Sum of values.
    pub value: f64,
    /// No solution has a smaller value; `value` itself if that is proven.
    pub bound: f64,
    /// Whether `value` is proven to be the least possible.
    pub optimal: bool,
    /// What finding it took.
    pub effort: Effort,
}

/// The best choices within `capacity`.
///
/// # Errors
/// If a value is no finite number of at least 0, a class is empty, sums of costs or values are too large for exact
/// arithmetic, or the cheapest choices already cost more than `capacity`.
pub fn solve(classes: &[Vec<Choice>], capacity: u64, limits: Limits) -> Result<Solution, SolverError> {
    check::classes(classes)?;
    check::capacity(classes, capacity)?;
    let (items, room, relaxation) = relaxed(classes, capacity);
    let core = relaxation.multiplier.map(|multiplier| Core::new(&items, multiplier, room, &relaxation));
    let found = match &core {
        Some(core) => search(core, limits),
        None => Found::default(),
    };
    let picks = picks(&items, &relaxation, core.as_ref(), &found);
    Ok(solution(classes, picks, &items, core.as_ref(), &found))
}

/// Items in units of the greedy solution, the room they leave, and their relaxation.
fn relaxed(classes: &[Vec<Choice>], capacity: u64) -> (Items, u64, Relaxation) {
    let frontiers = items::frontiers(classes);
    let mut limit = items::largest_excess(&frontiers);
    // The first greedy solution is measured in units of the largest excess, the next in units of the one before.
    for _ in 0..REFINEMENTS {
        let items = Items::new(&frontiers, limit);
        let better = items.at_most(relax(&items, items.room(capacity)).value);
        if better > limit / 2.0 {
            break;
        }
        limit = better;
    }
    let items = Items::new(&frontiers, limit);
    let room = items.room(capacity);
    let relaxation = relax(&items, room);
    (items, room, relaxation)
}

fn picks(items: &Items, relaxation: &Relaxation, core: Option<&Core>, found: &Found) -> Vec<usize> {
    let mut positions = match (core, &found.changes) {
        (Some(core), Some(changes)) => {
            let mut positions = core.base.clone();
            changes.iter().for_each(|(class, item)| positions[*class as usize] = *item);
            positions
        }
        _ => relaxation.picks.clone(),
    };
    for (position, class) in positions.iter_mut().zip(&items.classes) {
        *position = class[*position as usize].pick;
    }
    positions.into_iter().map(|pick| pick as usize).collect()
}

fn solution(
    classes: &[Vec<Choice>],
    picks: Vec<usize>,
    items: &Items,
    core: Option<&Core>,
    found: &Found,
) -> Solution {
    let chosen = || classes.iter().zip(&picks).map(|(class, pick)| class[*pick]);
    let (cost, value) = (chosen().map(|choice| choice.cost).sum(), chosen().map(|choice| choice.value).sum());
    let bound = match core {
        Some(core) if !found.optimal => items.at_least(core.bound + i128::from(found.floor)).min(value),
        _ => value,
    };
    let optimal = core.is_none() || found.optimal;
    Solution { picks, cost, value, bound, optimal, effort: found.effort }
}
