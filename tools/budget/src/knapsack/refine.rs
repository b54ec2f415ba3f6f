//! Choices improved by what the network really does with them: exchanges of sizes between channels, proposed to first
//! order around the choice, accepted if the measured error of the output falls.

use std::fmt;
use std::ops::ControlFlow;

use super::solver::SolverError;
use super::{CostModel, KnapsackError, Problem, Solution};
use crate::distortion::{Around, LayerTable, Table};
use brelu_networks::blocks::BlockSize;

/// The share of all channels that the first proposal may change.
const FIRST: usize = 8;

/// A refinement gives up when fewer channels than this may change.
const LEAST: usize = 2;

/// One accepted or refused exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exchange {
    /// Channels that took another size.
    pub channels: usize,
    /// The measured error with them.
    pub error: f64,
    /// Whether that is less than before.
    pub accepted: bool,
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.accepted { "taken" } else { "refused" };
        write!(f, "{} channels, error {:.4e}: {verdict}", self.channels, self.error)
    }
}

/// A refined choice.
#[derive(Clone, Debug)]
pub struct Refined {
    /// The choice; its distortion and bound are those of the additive problem.
    pub solution: Solution,
    /// The measured error of the output before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// Rounds of gradients.
    pub rounds: usize,
}

impl Problem<'_> {
    /// Choices within `budget` to start a refinement from: `solution`, the best one by sign decisions that costs as much,
    /// and the best of one size everywhere. Sums of distortions do not see that the errors of channels that pass as they
    /// are add up in one direction, so that the others may do better though their sums are larger.
    ///
    /// # Errors
    /// If costs or distortions are out of range.
    pub fn starts(&self, solution: &Solution, budget: u64) -> Result<Vec<Solution>, KnapsackError> {
        let model = CostModel::drelus(self.model.formats.clone());
        let decisions = Problem::new(self.table, &model, self.constraints)?;
        let front = decisions.front()?;
        let counted = |point: usize| {
            self.with_choices(
                Solution { bound: solution.bound, ..Solution::default() },
                decisions.at(&front, point).choices,
            )
        };
        let (mut low, mut high) = (0, front.points().len());
        while low < high {
            let middle = low.midpoint(high);
            if counted(middle).cost <= budget { low = middle + 1 } else { high = middle }
        }
        let other = low.checked_sub(1).map(counted).filter(|other| other.cost <= budget);
        Ok(std::iter::once(solution.clone()).chain(other).chain(self.uniform(budget).ok()).collect())
    }

    /// A choice within each of `budgets` that is found from one decision a pixel on, through `steps` budgets of which each
    /// is the same share of the one before: every time the best choice for distortions around the last one, which show how
    /// the errors of channels add up. `each` sees how many budgets are done, and of how many. If it breaks, the budgets
    /// that are not reached have no choice.
    ///
    /// # Errors
    /// If costs or distortions are out of range, or the cheapest sizes cost more than a budget.
    pub fn follow(
        &self,
        around: &Around<'_>,
        budgets: &[u64],
        steps: usize,
        each: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Vec<Option<Solution>>, KnapsackError> {
        let mut found = vec![None; budgets.len()];
        let path = path(self.baseline(), budgets, steps);
        let mut choices = self.one_decision_a_pixel();
        for (step, limit) in path.iter().enumerate() {
            let table = Table { provenance: self.table.provenance.clone(), layers: around.tables(&choices) };
            let here = Problem { table: &table, ..self.clone() };
            choices = here.solve(*limit)?.choices;
            let reached = budgets.iter().zip(&mut found).filter(|(budget, _)| *budget == limit);
            reached.for_each(|(_, found)| {
                *found = Some(self.with_choices(Solution::default(), choices.clone()));
            });
            if each(step + 1, path.len()).is_break() {
                break;
            }
        }
        Ok(found)
    }

    /// Every channel's position of one decision a pixel, or of the first size it may have.
    fn one_decision_a_pixel(&self) -> Vec<Vec<usize>> {
        let relu = |layer: &LayerTable| layer.sizes.iter().position(|size| *size == BlockSize::RELU);
        let choices = self.pairs().map(|(layer, own)| {
            let at = relu(layer).filter(|at| own.allowed.contains(at)).or(own.allowed.first().copied());
            vec![at.unwrap_or(0); layer.shape.channels as usize]
        });
        choices.collect()
    }

    /// Improves the one of `starts` with the least measured error within `budget` for at most `rounds` rounds; `each` sees
    /// every exchange.
    ///
    /// # Errors
    /// If costs or distortions are out of range, or there is no start.
    pub fn refine(
        &self,
        around: &Around<'_>,
        starts: Vec<Solution>,
        budget: u64,
        rounds: usize,
        each: &mut dyn FnMut(Exchange) -> ControlFlow<()>,
    ) -> Result<Refined, KnapsackError> {
        let measured = starts.into_iter().map(|start| (around.error(&start.choices), start));
        let best = measured.min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((before, start)) = best else {
            return Err(SolverError::Capacity { least: 0, capacity: budget }.into());
        };
        let mut choices = start.choices.clone();
        let (mut error, mut most, mut round) = (before, self.size().0.div_ceil(FIRST), 0);
        'rounds: while round < rounds && most >= LEAST {
            round += 1;
            let table = Table { provenance: self.table.provenance.clone(), layers: around.tables(&choices) };
            let here = Problem { table: &table, ..self.clone() };
            loop {
                let next = here.exchange(&choices, budget, most)?;
                let changed = differences(&choices, &next);
                let measured = if changed == 0 { error } else { around.error(&next) };
                let accepted = measured < error;
                let flow = each(Exchange { channels: changed, error: measured, accepted });
                if accepted {
                    (choices, error, most) = (next, measured, most * 3 / 2);
                } else {
                    most = most.min(changed.max(1)) / 2;
                }
                if flow.is_break() {
                    break 'rounds;
                }
                if accepted || most < LEAST {
                    break;
                }
            }
        }
        Ok(Refined { solution: self.with_choices(start, choices), before, after: error, rounds: round })
    }

    /// The best choice that differs from `choices` in at most `most` channels: those that gain most at the price that
    /// costs have at the budget.
    fn exchange(
        &self,
        choices: &[Vec<usize>],
        budget: u64,
        most: usize,
    ) -> Result<Vec<Vec<usize>>, KnapsackError> {
        let slacks = self.slacks(self.multiplier(budget)?);
        let mut classes = slacks.iter();
        let mut gains = Vec::new();
        for (layer, (own, choices)) in self.layers.iter().zip(choices).enumerate() {
            for ((channel, choice), slacks) in choices.iter().enumerate().zip(classes.by_ref()) {
                let now = own.allowed.iter().position(|at| at == choice);
                gains.push((now.map_or(0.0, |now| slacks[now]), layer, channel));
            }
        }
        gains.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let free: std::collections::HashSet<(usize, usize)> =
            gains.iter().take(most).map(|(_, layer, channel)| (*layer, *channel)).collect();
        let allowed = |layer: usize, channel: usize, at: usize| {
            choices[layer][channel] == at || free.contains(&(layer, channel))
        };
        Ok(self.solve_among(budget, &allowed)?.choices)
    }
}

/// The budgets on the way from `all` down to the least of `budgets`, which are among them.
fn path(all: u64, budgets: &[u64], steps: usize) -> Vec<u64> {
    let least = budgets.iter().copied().min().unwrap_or(all).min(all);
    let share = least as f64 / all.max(1) as f64;
    let between = (1..steps).map(|step| (all as f64 * share.powf(step as f64 / steps as f64)) as u64);
    let mut path: Vec<u64> = between.filter(|limit| *limit > least).chain(budgets.iter().copied()).collect();
    path.sort_unstable_by(|a, b| b.cmp(a));
    path.dedup();
    path
}

fn differences(a: &[Vec<usize>], b: &[Vec<usize>]) -> usize {
    a.iter().flatten().zip(b.iter().flatten()).filter(|(a, b)| a != b).count()
}
