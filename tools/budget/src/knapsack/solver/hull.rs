//! Lower hulls of classes, and the steps along them in the order of their gain.

use std::cmp::Ordering;

use super::items::{Item, Items};

/// A step along a class's hull, to a dearer and better item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) class: u32,
    /// Position of the item it leads to.
    pub(super) item: u32,
    pub(super) cost: u64,
    /// By how much the value falls.
    pub(super) gain: u64,
}

/// All steps, those with the largest gain for their cost first; steps of one class stay in order.
pub(super) fn steps(items: &Items) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut hull = Vec::new();
    for (number, class) in items.classes.iter().enumerate() {
        lower_hull(class, &mut hull);
        for pair in hull.windows(2) {
            let (from, to) = (class[pair[0] as usize], class[pair[1] as usize]);
            let (cost, gain) = (to.cost - from.cost, from.value - to.value);
            steps.push(Step { class: number as u32, item: pair[1], cost, gain });
        }
    }
    steps.sort_by(|a, b| steeper(a, b).then((a.class, a.item).cmp(&(b.class, b.item))));
    steps
}

/// `gain / cost`, the larger first. Products stay below 2^61 * 2^56.
fn steeper(a: &Step, b: &Step) -> Ordering {
    let product = |gain: u64, cost: u64| u128::from(gain) * u128::from(cost);
    product(b.gain, a.cost).cmp(&product(a.gain, b.cost))
}

/// Positions of the items on the lower left hull, those in the middle of its sides included.
fn lower_hull(class: &[Item], hull: &mut Vec<u32>) {
    hull.clear();
    for (position, item) in class.iter().enumerate() {
        while let [.., before, last] = hull[..] {
            if !above(class[before as usize], class[last as usize], *item) {
                break;
            }
            hull.pop();
        }
        hull.push(position as u32);
    }
}

/// Whether `middle` lies above the line from `left` to `right`.
fn above(left: Item, middle: Item, right: Item) -> bool {
    let fall = |from: Item, to: Item| u128::from(from.value - to.value);
    let run = |from: Item, to: Item| u128::from(to.cost - from.cost);
    fall(left, middle) * run(middle, right) < fall(middle, right) * run(left, middle)
}
