use std::time::{Duration, Instant};

use crate::process::peak_memory;
use brelu_budget::knapsack::{Budget, Constraints, CostModel, KnapsackError, Problem, Solution};
use brelu_networks::blocks::{Candidates, CostUnit};

use super::layers;
use brelu_budget::generated::{generated_table, with_windows};

/// One problem and how it was solved.
#[derive(Clone, Debug)]
pub struct KnapsackRow {
    /// The network.
    pub network: String,
    /// What is counted.
    pub costs: &'static str,
    /// Channels.
    pub classes: usize,
    /// Sizes of all channels.
    pub choices: usize,
    /// The budget, in the solver's numbers.
    pub budget: u64,
    /// The answer.
    pub solution: Solution,
    /// Time from the table to the answer.
    pub solve: Duration,
    /// Points of the whole front.
    pub front: usize,
    /// Time from the table to the whole front.
    pub front_time: Duration,
    /// The most memory this process had so far, in bytes, if the system tells.
    pub memory: Option<u64>,
}

/// Solves a generated problem of a network in [`super::NETWORKS`] with the candidates of the paper, together with the
/// widths of windows if there are costs that depend on them and `windows` is set, and finds its front; `None` for an unknown
/// network.
///
/// # Errors
/// If the budget is impossible.
pub fn solve(
    network: &str,
    (costs, model): (&'static str, &CostModel),
    budget: Budget,
    (seed, windows): (u64, bool),
) -> Option<Result<KnapsackRow, KnapsackError>> {
    let table = generated_table(network, &layers(network)?, &Candidates::Paper, seed);
    let windows = windows && model.unit() != CostUnit::Drelus;
    let table = if windows { with_windows(table, seed) } else { table };
    let run = || {
        let begin = Instant::now();
        let none = Constraints::default();
        let problem = Problem::new(&table, model, &none)?;
        let budget = budget.resolve(model, problem.baseline())?;
        let solution = if windows { problem.solve_windows(budget)? } else { problem.solve(budget)? };
        let solve = begin.elapsed();
        let front = problem.front()?.points().len();
        let front_time = begin.elapsed() - solve;
        let memory = peak_memory(std::process::id());
        let (classes, choices) = problem.size();
        let network = network.to_owned();
        Ok(KnapsackRow {
            network,
            costs,
            classes,
            choices,
            budget,
            solution,
            solve,
            front,
            front_time,
            memory,
        })
    };
    Some(run())
}
