//! The price of costs at which the Lagrangian bound is the largest.

use std::cmp::Ordering;

use super::Width;
use crate::knapsack::solver::Choice;

/// Prices tried.
const TRIALS: usize = 60;

/// Rounding errors of a sum of distortions and prices, relative.
const ROUNDING: f64 = 1e-11;

/// Sums of the best choices at a price.
#[derive(Clone, Debug, Default)]
struct At {
    /// For each layer and width the sums of values and costs.
    sums: Vec<Vec<(f64, f64)>>,
    /// For each layer the position of its best width.
    widths: Vec<usize>,
    value: f64,
    cost: f64,
}

/// What the best price tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Dual {
    /// The widths on both sides of the budget.
    pub(super) sides: Vec<Vec<usize>>,
    /// No choice of widths and sizes within the budget has a smaller value.
    pub(super) bound: f64,
    /// For each layer and width by how much the bound rises if the layer has that width.
    pub(super) penalties: Vec<Vec<f64>>,
}

/// Approaches the largest bound between the prices at which the budget is kept and broken, where their lines cross.
pub(super) fn dual(layers: &[Vec<Width>], budget: f64) -> Dual {
    let mut dear = best_at(layers, 0.0);
    if dear.cost <= budget {
        return Dual { bound: dear.value, penalties: dear.penalties(0.0), sides: vec![dear.widths] };
    }
    let mut cheap = best_at(layers, f64::INFINITY);
    let mut dual = Dual::default();
    for _ in 0..TRIALS {
        let price = (cheap.value - dear.value) / (dear.cost - cheap.cost);
        if cheap.cost > budget || !(price > 0.0 && price.is_finite()) {
            break;
        }
        let here = best_at(layers, price);
        let sum = here.value + price * here.cost;
        let bound = sum * (1.0 - ROUNDING) - price * budget;
        if bound > dual.bound || dual.penalties.is_empty() {
            (dual.bound, dual.penalties) = (bound.max(0.0), here.penalties(price));
        }
        // No choice lies below the line through both sides: the price is the best.
        if sum >= (dear.value + price * dear.cost) * (1.0 - ROUNDING) {
            break;
        }
        let side = if here.cost <= budget { &mut cheap } else { &mut dear };
        *side = here;
    }
    dual.sides = vec![cheap.widths, dear.widths];
    dual
}

impl At {
    fn penalties(&self, price: f64) -> Vec<Vec<f64>> {
        let layer = |(sums, best): (&Vec<(f64, f64)>, &usize)| {
            let priced = |(value, cost): (f64, f64)| value + price * cost;
            sums.iter().map(|sum| priced(*sum) - priced(sums[*best])).collect()
        };
        self.sums.iter().zip(&self.widths).map(layer).collect()
    }
}

/// The width of every layer with the least value and price of its choices; the least cost at an infinite price.
fn best_at(layers: &[Vec<Width>], price: f64) -> At {
    let mut at = At::default();
    for widths in layers {
        let all: Vec<_> = widths.iter().map(|width| sums(width, price)).collect();
        let best = all.iter().copied().enumerate().min_by(|(_, a), (_, b)| before(*a, *b, price));
        let (position, (value, cost)) = best.unwrap_or_default();
        at.sums.push(all);
        at.widths.push(position);
        (at.value, at.cost) = (at.value + value, at.cost + cost);
    }
    at
}

fn sums(width: &Width, price: f64) -> (f64, f64) {
    let pair = |choice: &Choice| (choice.value, choice.cost as f64);
    let best = |class: &Vec<Choice>| class.iter().map(pair).min_by(|a, b| before(*a, *b, price));
    let bests = width.classes.iter().filter_map(best);
    bests.fold((0.0, 0.0), |(value, cost), (v, c)| (value + v, cost + c))
}

/// The order of values and costs at a price; of equals the cheaper one comes first.
fn before(a: (f64, f64), b: (f64, f64), price: f64) -> Ordering {
    let key = |(value, cost): (f64, f64)| match price.is_finite() {
        true => (value + price * cost, cost),
        false => (cost, value),
    };
    let (a, b) = (key(a), key(b));
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
}
