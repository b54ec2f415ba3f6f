//! Solving with some of the choices only, and which choices are near the optimum.

use super::solver::{self, Choice, Limits};
use super::{KnapsackError, Problem, Solution};
use crate::distortion::Triple;

impl Problem<'_> {
    /// As [`Problem::solve`], among the choices for which `allowed` (layer, channel, position of the size) says so.
    ///
    /// # Errors
    /// If even the cheapest of them cost more, or a channel has none.
    pub fn solve_among(
        &self,
        budget: u64,
        allowed: &dyn Fn(usize, usize, usize) -> bool,
    ) -> Result<Solution, KnapsackError> {
        let (mut classes, mut kept) = (self.classes(), Vec::new());
        let mut class = 0;
        for (number, (layer, own)) in self.pairs().enumerate() {
            for channel in 0..layer.shape.channels as usize {
                let positions: Vec<usize> =
                    (0..own.allowed.len()).filter(|at| allowed(number, channel, own.allowed[*at])).collect();
                classes[class] = positions.iter().map(|at| classes[class][*at]).collect();
                kept.push(positions);
                class += 1;
            }
        }
        let solution = solver::solve(&classes, budget, Limits::default());
        let mut solution = solution.map_err(|error| self.explain(error))?;
        for (pick, positions) in solution.picks.iter_mut().zip(&kept) {
            *pick = positions[*pick];
        }
        Ok(self.solution(&solution))
    }

    /// Distortion per unit of cost at `budget`: the slope of the front there.
    ///
    /// # Errors
    /// If the costs or distortions are out of range.
    pub fn multiplier(&self, budget: u64) -> Result<f64, KnapsackError> {
        let front = self.front()?;
        let points = front.points();
        let at = points.iter().position(|point| point.cost > budget).unwrap_or(points.len());
        let slope = |pair: &[solver::Point]| {
            (pair[0].value - pair[1].value) / (pair[1].cost.saturating_sub(pair[0].cost)).max(1) as f64
        };
        let pair = points.get(at.saturating_sub(1)..at + 1).or(points.get(at.saturating_sub(2)..at));
        Ok(pair.filter(|pair| pair.len() == 2).map_or(0.0, slope))
    }

    /// How far a choice is from being its channel's best when a unit of cost is worth `multiplier`; in the order of
    /// [`Problem::classes`].
    pub fn slacks(&self, multiplier: f64) -> Vec<Vec<f64>> {
        let price = |choice: &Choice| choice.value + multiplier * choice.cost as f64;
        let class = |class: Vec<Choice>| {
            let best = class.iter().map(price).fold(f64::INFINITY, f64::min);
            class.iter().map(|choice| price(choice) - best).collect()
        };
        self.classes().into_iter().map(class).collect()
    }

    /// The `number` choices nearest to the optimum at `budget`, in the order of the table.
    ///
    /// # Errors
    /// If the costs or distortions are out of range.
    pub fn near(&self, budget: u64, number: usize) -> Result<Vec<Triple>, KnapsackError> {
        let slacks = self.slacks(self.multiplier(budget)?);
        let mut all = Vec::new();
        let mut class = slacks.iter();
        for (layer, (table, own)) in self.pairs().enumerate() {
            for (channel, slacks) in class.by_ref().take(table.shape.channels as usize).enumerate() {
                let triple =
                    |(at, slack): (&usize, &f64)| (*slack, Triple { layer, channel, candidate: *at });
                all.extend(own.allowed.iter().zip(slacks).map(triple));
            }
        }
        all.retain(|(_, triple)| {
            self.table.layers[triple.layer].sizes[triple.candidate] != brelu_networks::blocks::BlockSize::RELU
        });
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut near: Vec<Triple> = all.into_iter().take(number).map(|(_, triple)| triple).collect();
        near.sort();
        Ok(near)
    }
}
