//! All budgets at once.

use super::solver::{self, Effort};
use super::{KnapsackError, Problem, Solution, traffic};
use brelu_networks::blocks::BlockSize;

/// The choices that are the best for their own cost and lie on the lower hull of costs and distortions.
#[derive(Clone, Debug)]
pub struct Front(solver::Front);

/// One of them, in units for people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrontRow {
    /// Cost in the unit of the costs.
    pub cost: f64,
    /// Cost as a share of one decision a pixel everywhere.
    pub share: f64,
    /// Sum of distortions.
    pub distortion: f64,
    /// Sign decisions.
    pub drelus: u64,
    /// Bytes of the activation layers.
    pub bytes: u64,
}

impl Front {
    /// Costs (in the solver's numbers) and distortions, from the cheapest choice to the least distortion.
    pub fn points(&self) -> &[solver::Point] {
        &self.0.points
    }
}

impl Problem<'_> {
    /// The whole front.
    ///
    /// # Errors
    /// If costs or distortions are out of range.
    pub fn front(&self) -> Result<Front, KnapsackError> {
        Ok(Front(solver::front(&self.classes()).map_err(|error| self.explain(error))?))
    }

    /// The choice at a point of the front; the last one if there are not so many.
    pub fn at(&self, front: &Front, point: usize) -> Solution {
        let picks = front.0.picks(point);
        let sums = front.0.points.get(point).or(front.0.points.last());
        let (cost, value) = sums.map_or((0, 0.0), |point| (point.cost, point.value));
        let effort = Effort::default();
        let choices = self.choices(&picks);
        Solution { choices, windows: None, cost, distortion: value, bound: value, optimal: true, effort }
    }

    /// The front with its points' decisions and bytes.
    pub fn rows(&self, front: &Front) -> Vec<FrontRow> {
        let owners = self.owners();
        let sums = |class: usize, pick: usize| {
            let number = owners[class];
            let (layer, own) = (&self.table.layers[number], &self.layers[number]);
            let size = own.allowed.get(pick).map_or(BlockSize::RELU, |at| layer.sizes[*at]);
            (size.decisions(layer.shape), traffic(layer, size, own.format).total())
        };
        let mut picks = front.0.start().to_vec();
        let start = picks.iter().enumerate().map(|(class, pick)| sums(class, *pick));
        let (mut drelus, mut bits) = start.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        let mut rows = Vec::with_capacity(front.0.points.len());
        for (at, point) in front.0.points.iter().enumerate() {
            rows.push(self.row(point, drelus, bits));
            let Some(&(class, pick)) = front.0.moves().get(at) else { break };
            let (before, after) = (sums(class, picks[class]), sums(class, pick));
            (drelus, bits) = (drelus + after.0 - before.0, bits + after.1 - before.1);
            picks[class] = pick;
        }
        rows
    }

    fn row(&self, point: &solver::Point, drelus: u64, bits: u64) -> FrontRow {
        FrontRow {
            cost: point.cost as f64 / self.model.scale(),
            share: point.cost as f64 / (self.baseline() as f64).max(1.0),
            distortion: point.value,
            drelus,
            bytes: bits.div_ceil(8),
        }
    }

    /// For every channel in order the number of its layer.
    fn owners(&self) -> Vec<usize> {
        let layers = self.table.layers.iter().enumerate();
        layers
            .flat_map(|(number, layer)| std::iter::repeat_n(number, layer.shape.channels as usize))
            .collect()
    }
}
