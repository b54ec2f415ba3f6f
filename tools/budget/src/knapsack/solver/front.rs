//! All solutions on the lower hull of (cost, value) in one run.

use super::hull::steps;
use super::items::{self, Items};
use super::{Choice, SolverError, check};

/// A solution's sums.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Sum of costs.
    pub cost: u64,
    /// Sum of values.
    pub value: f64,
}

/// Solutions by rising cost and falling value. Each is optimal for its own cost: it minimises value plus a multiple of
/// cost.
#[derive(Clone, Debug)]
pub struct Front {
    /// Their sums.
    pub points: Vec<Point>,
    start: Vec<usize>,
    /// The class and its new choice, from each point to the next.
    moves: Vec<(usize, usize)>,
}

impl Front {
    /// The choices at a point; those of the last one if there are not so many.
    pub fn picks(&self, point: usize) -> Vec<usize> {
        let mut picks = self.start.clone();
        self.moves.iter().take(point).for_each(|(class, pick)| picks[*class] = *pick);
        picks
    }

    /// The choices at the first point.
    pub fn start(&self) -> &[usize] {
        &self.start
    }

    /// From each point to the next: the class that changes, and its new choice.
    pub fn moves(&self) -> &[(usize, usize)] {
        &self.moves
    }
}

/// The whole front, from the cheapest choices to the least values. Values are rounded to 2^-59 of the largest.
///
/// # Errors
/// As [`super::solve`], but for the capacity.
pub fn front(classes: &[Vec<Choice>]) -> Result<Front, SolverError> {
    check::classes(classes)?;
    let frontiers = items::frontiers(classes);
    let items = Items::new(&frontiers, items::largest_excess(&frontiers));
    let pick = |class: usize, item: usize| items.classes[class][item].pick as usize;
    let (mut cost, mut value) = (0, first_value(&items));
    let mut points = vec![Point { cost: items.cost(cost), value: items.value(value) }];
    let mut moves = Vec::new();
    for step in steps(&items) {
        (cost, value) = (cost + step.cost, value - u128::from(step.gain));
        points.push(Point { cost: items.cost(cost), value: items.value(value) });
        moves.push((step.class as usize, pick(step.class as usize, step.item as usize)));
    }
    let start = (0..items.classes.len()).map(|class| pick(class, 0)).collect();
    Ok(Front { points, start, moves })
}

fn first_value(items: &Items) -> u128 {
    items.classes.iter().filter_map(|class| class.first()).map(|item| u128::from(item.value)).sum()
}
