//! Windows chosen together with sizes.
//!
//! All channels of a layer share the width of their comparison windows, which couples their choices. At a price `l` of
//! costs the layers come apart: each takes the width with the least
//!
//! ```text
//! S(l) = sum over channels of min over sizes of (distortion + what the window adds + l cost)
//! ```
//!
//! and the sum of `S(l)` over layers, less `l` times the budget, bounds the distortion of every choice of widths and sizes
//! within the budget (Lagrangian relaxation). The largest such bound is approached between the prices at which the budget
//! is kept and broken, where the lines of the two cross. The widths at both prices are then fixed and the sizes found
//! exactly.

use brelu_core::protocol::block_relu::Format;

use super::solver::{self, Choice, Limits, SolverError};
use super::{KnapsackError, Problem, Solution};
use crate::blocks::CostUnit;
use crate::distortion::{LayerTable, WINDOWS};

/// Prices tried.
const TRIALS: usize = 60;

/// Rounding errors of a sum of distortions and prices, relative.
const ROUNDING: f64 = 1e-11;

/// The distortion of a candidate, with what a window of that width adds.
pub(super) fn value(layer: &LayerTable, channel: usize, candidate: usize, window: Option<u8>) -> f64 {
    let added = window.and_then(|width| {
        let at = WINDOWS.iter().position(|other| *other == width)?;
        layer.windows.get(channel * layer.sizes.len() + candidate).map(|added| f64::from(added[at]))
    });
    (layer.best(channel, candidate) + added.unwrap_or(0.0)).max(0.0)
}

/// A width of a layer with its classes.
struct Width {
    bits: u8,
    classes: Vec<Vec<Choice>>,
}

/// Sums of the best choices at a price.
#[derive(Clone, Debug, Default)]
struct At {
    /// For each layer the position of its width.
    widths: Vec<usize>,
    value: f64,
    cost: f64,
}

impl Problem<'_> {
    /// The widths of windows and sizes of least distortion within `budget`, in the solver's numbers. The bound is that of
    /// the Lagrangian relaxation, so the result may be better than what is proven.
    ///
    /// # Errors
    /// If the table has no distortions of windows, costs are DReLUs, or even the cheapest choice costs more.
    pub fn solve_windows(&self, budget: u64) -> Result<Solution, KnapsackError> {
        let layers = self.widths()?;
        let (sides, bound) = prices(&layers, budget as f64);
        let mut best: Option<Solution> = None;
        let mut failure = None;
        for side in sides {
            match self.solve_at(&layers, &side, budget) {
                Ok(found) if best.as_ref().is_none_or(|best| found.distortion < best.distortion) => {
                    best = Some(found)
                }
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
        }
        match (best, failure) {
            (Some(best), _) => {
                let bound = bound.min(best.distortion);
                Ok(Solution { bound, optimal: bound >= best.distortion, ..best })
            }
            (None, Some(error)) => Err(self.explain(error)),
            (None, None) => Err(KnapsackError::FreeWindows),
        }
    }

    fn widths(&self) -> Result<Vec<Vec<Width>>, KnapsackError> {
        if self.model.unit() == CostUnit::Drelus {
            return Err(KnapsackError::FreeWindows);
        }
        (0..self.layers.len()).map(|number| self.layer_widths(number)).collect()
    }

    fn layer_widths(&self, number: usize) -> Result<Vec<Width>, KnapsackError> {
        let (layer, own) = (&self.table.layers[number], &self.layers[number]);
        match () {
            () if layer.windows.is_empty() => return Err(KnapsackError::NoWindows(layer.name.clone())),
            () if !layer.windows.as_flattened().iter().all(|added| added.is_finite()) => {
                return Err(KnapsackError::Windows(layer.name.clone()));
            }
            () => {}
        }
        // Windows are narrower than what they compare; the narrowest stays for a layer that has none.
        let widths = WINDOWS.into_iter().filter(|width| *width == WINDOWS[0] || *width < own.format.n);
        Ok(widths.map(|bits| self.width(number, bits)).collect())
    }

    fn width(&self, number: usize, bits: u8) -> Width {
        let (layer, own) = (&self.table.layers[number], &self.layers[number]);
        let costs = self.costs(layer, &own.allowed, Format { w: bits, ..own.format });
        let class = |channel: usize| {
            let choices = own.allowed.iter().zip(&costs);
            let choice = |(at, cost): (&usize, &u64)| Choice {
                cost: *cost,
                value: value(layer, channel, *at, Some(bits)),
            };
            choices.map(choice).collect()
        };
        Width { bits, classes: (0..layer.shape.channels as usize).map(class).collect() }
    }

    fn solve_at(&self, layers: &[Vec<Width>], at: &At, budget: u64) -> Result<Solution, SolverError> {
        let chosen = || layers.iter().zip(&at.widths).map(|(widths, at)| &widths[*at]);
        let classes: Vec<_> = chosen().flat_map(|width| width.classes.iter().cloned()).collect();
        let solved = solver::solve(&classes, budget, Limits::default())?;
        let windows = Some(chosen().map(|width| width.bits).collect());
        Ok(Solution { windows, ..self.solution(&solved) })
    }
}

/// The choices on both sides of the budget at the best price, and the largest bound.
fn prices(layers: &[Vec<Width>], budget: f64) -> (Vec<At>, f64) {
    let mut dear = best_at(layers, 0.0);
    if dear.cost <= budget {
        let bound = dear.value;
        return (vec![dear], bound);
    }
    let mut cheap = best_at(layers, f64::INFINITY);
    let mut bound = 0f64;
    for _ in 0..TRIALS {
        let price = (cheap.value - dear.value) / (dear.cost - cheap.cost);
        if cheap.cost > budget || !(price > 0.0 && price.is_finite()) {
            break;
        }
        let here = best_at(layers, price);
        let sum = here.value + price * here.cost;
        bound = bound.max(sum * (1.0 - ROUNDING) - price * budget);
        // No choice lies below the line through both sides: the price is the best.
        if sum >= (dear.value + price * dear.cost) * (1.0 - ROUNDING) {
            break;
        }
        let side = if here.cost <= budget { &mut cheap } else { &mut dear };
        *side = here;
    }
    (vec![cheap, dear], bound)
}

/// The width of every layer with the least value and price of its choices; the least cost at an infinite price.
fn best_at(layers: &[Vec<Width>], price: f64) -> At {
    let mut at = At::default();
    for widths in layers {
        let sums = widths.iter().map(|width| sums(width, price)).enumerate();
        let best = sums.min_by(|(_, a), (_, b)| before(*a, *b, price));
        let (position, (value, cost)) = best.unwrap_or_default();
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
fn before(a: (f64, f64), b: (f64, f64), price: f64) -> std::cmp::Ordering {
    let key = |(value, cost): (f64, f64)| match price.is_finite() {
        true => (value + price * cost, cost),
        false => (cost, value),
    };
    let (a, b) = (key(a), key(b));
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
}
