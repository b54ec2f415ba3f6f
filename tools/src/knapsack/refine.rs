//! Choices improved by what the network really does with them: exchanges of sizes between channels, proposed to first
//! order around the choice, accepted if the measured error of the output falls.

use std::ops::ControlFlow;

use super::solver::SolverError;
use super::{CostModel, KnapsackError, Problem, Solution};
use crate::blocks::BlockSize;
use crate::distortion::{Around, LayerTable, Table};

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
    /// Choices within `budget` to start a refinement from: `solution`, and the best one by sign decisions that costs as
    /// much. Sums of distortions do not see that the errors of channels that pass as they are add up in one direction, so
    /// that the second one may do better though its sum is larger.
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
        Ok(std::iter::once(solution.clone()).chain(other).collect())
    }

    /// A choice within `budget` that is found from one decision a pixel on, in `steps` budgets of which each is the same
    /// share of the one before: every time the best choice for distortions around the last one, which show how the errors
    /// of channels add up. `each` sees the steps done.
    ///
    /// # Errors
    /// If costs or distortions are out of range, or the cheapest sizes cost more than the budget.
    pub fn follow(
        &self,
        around: &Around<'_>,
        budget: u64,
        steps: usize,
        each: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Option<Solution>, KnapsackError> {
        let relu = |layer: &LayerTable| layer.sizes.iter().position(|size| *size == BlockSize::RELU);
        let everything = self.pairs().map(|(layer, own)| {
            let at = relu(layer).filter(|at| own.allowed.contains(at)).or(own.allowed.first().copied());
            vec![at.unwrap_or(0); layer.shape.channels as usize]
        });
        let mut choices: Vec<Vec<usize>> = everything.collect();
        let share = budget as f64 / self.baseline().max(1) as f64;
        for step in 1..=steps {
            let table = Table { provenance: self.table.provenance.clone(), layers: around.tables(&choices) };
            let here = Problem { table: &table, ..self.clone() };
            let part = share.powf(step as f64 / steps as f64);
            let limit = if step == steps { budget } else { (self.baseline() as f64 * part) as u64 };
            choices = here.solve(limit)?.choices;
            if each(step).is_break() && step < steps {
                return Ok(None);
            }
        }
        Ok(Some(self.with_choices(Solution::default(), choices)))
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

fn differences(a: &[Vec<usize>], b: &[Vec<usize>]) -> usize {
    a.iter().flatten().zip(b.iter().flatten()).filter(|(a, b)| a != b).count()
}
