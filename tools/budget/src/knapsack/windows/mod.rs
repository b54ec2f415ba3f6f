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
//! exactly. At last other widths are tried, one layer at a time, those first that raise the bound the least; a width that
//! raises the bound above the best distortion cannot be part of a better choice.

mod prices;

use brelu_core::protocol::block_relu::Widths;

use self::prices::{Dual, dual};
use super::solver::{self, Choice, Limits, SolverError};
use super::{KnapsackError, Problem, Solution};
use crate::distortion::{LayerTable, WINDOWS};
use brelu_networks::blocks::CostUnit;

/// Changes of one layer's width that are tried at the end.
const CHANGES: usize = 24;

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

impl Problem<'_> {
    /// The widths of windows and sizes of least distortion within `budget`, in the solver's numbers. The bound is that of
    /// the Lagrangian relaxation, so the result may be better than what is proven.
    ///
    /// # Errors
    /// If the table has no distortions of windows, costs are DReLUs, or even the cheapest choice costs more.
    pub fn solve_windows(&self, budget: u64) -> Result<Solution, KnapsackError> {
        let layers = self.widths()?;
        let dual = dual(&layers, budget as f64);
        let mut best = None;
        let mut failure = None;
        for widths in &dual.sides {
            match self.solve_at(&layers, widths, budget) {
                Ok(found) => keep(&mut best, widths, found),
                Err(error) => failure = Some(error),
            }
        }
        match (best, failure) {
            (Some(best), _) => Ok(self.improve(&layers, &dual, best, budget)),
            (None, Some(error)) => Err(self.explain(error)),
            (None, None) => Err(KnapsackError::FreeWindows),
        }
    }

    /// Tries other widths, and states the bound.
    fn improve(&self, layers: &[Vec<Width>], dual: &Dual, best: Best, budget: u64) -> Solution {
        let mut changes = Vec::new();
        for (layer, penalties) in dual.penalties.iter().enumerate() {
            changes.extend(penalties.iter().enumerate().map(|(width, penalty)| (*penalty, layer, width)));
        }
        changes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut best = Some(best);
        let mut tried = 0;
        for (penalty, layer, width) in changes {
            let Some((widths, solution)) = &best else { break };
            if tried == CHANGES || dual.bound + penalty >= solution.distortion {
                break;
            }
            let mut widths = widths.clone();
            if std::mem::replace(&mut widths[layer], width) == width {
                continue;
            }
            tried += 1;
            if let Ok(found) = self.solve_at(layers, &widths, budget) {
                keep(&mut best, &widths, found);
            }
        }
        let (_, best) = best.unwrap_or_default();
        let bound = dual.bound.min(best.distortion);
        Solution { bound, optimal: bound >= best.distortion, ..best }
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
        let costs = self.costs(layer, &own.allowed, Widths { w: bits, ..own.format });
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

    fn solve_at(&self, layers: &[Vec<Width>], at: &[usize], budget: u64) -> Result<Solution, SolverError> {
        let chosen = || layers.iter().zip(at).map(|(widths, at)| &widths[*at]);
        let classes: Vec<_> = chosen().flat_map(|width| width.classes.iter().cloned()).collect();
        let solved = solver::solve(&classes, budget, Limits::default())?;
        let windows = Some(chosen().map(|width| width.bits).collect());
        Ok(Solution { windows, ..self.solution(&solved) })
    }
}

/// The positions of the layers' widths, and the best sizes for them.
type Best = (Vec<usize>, Solution);

fn keep(best: &mut Option<Best>, widths: &[usize], found: Solution) {
    if best.as_ref().is_none_or(|(_, best)| found.distortion < best.distortion) {
        *best = Some((widths.to_vec(), found));
    }
}
