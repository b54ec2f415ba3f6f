use brelu_core::protocol::block_relu::Widths;

use super::solver::{self, Choice, Effort, Limits, SolverError};
use super::{Constraints, CostModel, KnapsackError, traffic};
use crate::distortion::{LayerTable, Table};
use brelu_networks::blocks::BlockSize;

/// A table's channels as classes, with the allowed sizes and their costs.
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    pub(super) table: &'a Table,
    pub(super) model: &'a CostModel,
    pub(super) constraints: &'a Constraints,
    pub(super) layers: Vec<Layer>,
    pub(super) baseline: u64,
}

/// What is the same in all channels of a layer. Lists go by the allowed candidates.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// Positions in [`LayerTable::sizes`].
    pub(super) allowed: Vec<usize>,
    pub(super) format: Widths,
    pub(super) costs: Vec<u64>,
}

/// A size for every channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Solution {
    /// For each layer and channel the position of its size in [`LayerTable::sizes`].
    pub choices: Vec<Vec<usize>>,
    /// The width of each layer's comparison windows in bits, if it was chosen as well.
    pub windows: Option<Vec<u8>>,
    /// Sum of costs, in the solver's numbers ([`CostModel::scale`]).
    pub cost: u64,
    /// Sum of distortions, those of windows included if they were chosen.
    pub distortion: f64,
    /// No choice within the budget has less distortion.
    pub bound: f64,
    /// Whether `distortion` is proven to be the least.
    pub optimal: bool,
    /// What the search took.
    pub effort: Effort,
}

impl<'a> Problem<'a> {
    /// Checks the table and the constraints, and counts costs.
    ///
    /// # Errors
    /// If the table is wrong, a pattern fits no layer, or a layer has no format.
    pub fn new(
        table: &'a Table,
        model: &'a CostModel,
        constraints: &'a Constraints,
    ) -> Result<Self, KnapsackError> {
        table.check()?;
        constraints.check(table)?;
        let mut problem = Self { table, model, constraints, layers: Vec::new(), baseline: 0 };
        for (number, layer) in table.layers.iter().enumerate() {
            let format = model.formats.of(&layer.name)?;
            let allowed = constraints.allowed(number, layer);
            let costs = problem.costs(layer, &allowed, format);
            let relu = model.cost(layer, BlockSize::RELU, format);
            let all = relu.saturating_mul(layer.shape.channels.into());
            problem.baseline = problem.baseline.saturating_add(all);
            problem.layers.push(Layer { allowed, format, costs });
        }
        Ok(problem)
    }

    pub(super) fn costs(&self, layer: &LayerTable, allowed: &[usize], format: Widths) -> Vec<u64> {
        allowed.iter().map(|at| self.model.cost(layer, layer.sizes[*at], format)).collect()
    }

    /// The layers of the table with what the problem knows about them.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a LayerTable, &Layer)> {
        self.table.layers.iter().zip(&self.layers)
    }

    /// What one decision a pixel costs everywhere, in the solver's numbers.
    pub const fn baseline(&self) -> u64 {
        self.baseline
    }

    /// The costs that are counted.
    pub const fn model(&self) -> &CostModel {
        self.model
    }

    /// Channels, and choices of all of them.
    pub fn size(&self) -> (usize, usize) {
        let counts = self.pairs().map(|(layer, own)| (layer.shape.channels as usize, own.allowed.len()));
        counts.fold((0, 0), |(channels, choices), (more, each)| (channels + more, choices + more * each))
    }

    /// The channels in order as classes of the solver; choices are the allowed candidates.
    pub fn classes(&self) -> Vec<Vec<Choice>> {
        let mut classes = Vec::new();
        for (layer, own) in self.pairs() {
            for channel in 0..layer.shape.channels as usize {
                let choice =
                    |(at, cost): (&usize, &u64)| Choice { cost: *cost, value: layer.best(channel, *at) };
                classes.push(own.allowed.iter().zip(&own.costs).map(choice).collect());
            }
        }
        classes
    }

    /// The sizes of least distortion within `budget`, in the solver's numbers.
    ///
    /// # Errors
    /// If even the cheapest sizes cost more.
    pub fn solve(&self, budget: u64) -> Result<Solution, KnapsackError> {
        self.solve_within(budget, Limits::default())
    }

    /// As [`Problem::solve`], with limits to the search.
    ///
    /// # Errors
    /// As [`Problem::solve`].
    pub fn solve_within(&self, budget: u64, limits: Limits) -> Result<Solution, KnapsackError> {
        let solution = solver::solve(&self.classes(), budget, limits);
        let solution = solution.map_err(|error| self.explain(error))?;
        Ok(self.solution(&solution))
    }

    /// A solver's error in the words of the problem.
    pub(super) fn explain(&self, error: SolverError) -> KnapsackError {
        match error {
            SolverError::Capacity { least, capacity } => KnapsackError::Budget {
                least: self.model.describe(least),
                budget: self.model.describe(capacity),
            },
            other => other.into(),
        }
    }

    pub(super) fn solution(&self, solved: &solver::Solution) -> Solution {
        Solution {
            choices: self.choices(&solved.picks),
            windows: None,
            cost: solved.cost,
            distortion: solved.value,
            bound: solved.bound,
            optimal: solved.optimal,
            effort: solved.effort,
        }
    }

    /// Positions among the allowed candidates, channel after channel, as positions in the layers' lists of sizes.
    pub(super) fn choices(&self, picks: &[usize]) -> Vec<Vec<usize>> {
        let mut picks = picks.iter();
        let layer = |(layer, own): (&LayerTable, &Layer)| {
            let channels = layer.shape.channels as usize;
            picks.by_ref().take(channels).map(|pick| own.allowed[*pick]).collect()
        };
        self.pairs().map(layer).collect()
    }

    /// A solution with other choices, counted again.
    pub(super) fn with_choices(&self, start: Solution, choices: Vec<Vec<usize>>) -> Solution {
        let (mut cost, mut distortion) = (0, 0.0);
        for ((layer, own), choices) in self.pairs().zip(&choices) {
            for (channel, choice) in choices.iter().enumerate() {
                let at = own.allowed.iter().position(|at| at == choice);
                cost += at.map_or(0, |at| own.costs[at]);
                distortion += layer.best(channel, *choice);
            }
        }
        Solution { choices, cost, distortion, optimal: false, ..start }
    }

    /// The format of layer `number` in a solution.
    pub(super) fn format(&self, solution: &Solution, number: usize) -> Widths {
        let format = self.layers[number].format;
        match &solution.windows {
            Some(windows) => Widths { w: windows[number], ..format },
            None => format,
        }
    }

    /// Sign decisions of a solution, one a block; those of an upper bound are not counted.
    pub fn drelus(&self, solution: &Solution) -> u64 {
        let layer = |(layer, choices): (&LayerTable, &Vec<usize>)| {
            choices.iter().map(|at| layer.sizes[*at].decisions(layer.shape)).sum::<u64>()
        };
        self.table.layers.iter().zip(&solution.choices).map(layer).sum()
    }

    /// Bytes of the activation layers of a solution, all links and both phases, but for the filling up of messages.
    pub fn bytes(&self, solution: &Solution) -> u64 {
        let mut bits = 0;
        for (number, (layer, choices)) in self.table.layers.iter().zip(&solution.choices).enumerate() {
            let format = self.format(solution, number);
            bits += choices.iter().map(|at| traffic(layer, layer.sizes[*at], format).total()).sum::<u64>();
        }
        bits.div_ceil(8)
    }
}
