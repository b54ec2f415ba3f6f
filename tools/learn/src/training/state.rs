//! What changes while a network is trained.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::Row;
use super::validate::Scores;
use crate::interpreter::{Statistics, Trainable};
use brelu_networks::graph::Graph;

/// Sums over steps, from one row of the history to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Losses.
    pub loss: f64,
    /// Steps.
    pub steps: u64,
    /// Pixels that count, or images.
    pub pixels: u64,
    /// Those of them that were classified right.
    pub right: u64,
}

impl Sums {
    /// Mean loss of the steps.
    pub fn loss(&self) -> f64 {
        self.loss / self.steps.max(1) as f64
    }

    /// Share of right pixels.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.pixels.max(1) as f64
    }
}

/// The parameters that did best on the validation images.
#[derive(Clone, Debug)]
pub(super) struct Best {
    pub(super) scores: Scores,
    pub(super) step: u64,
    pub(super) parameters: Vec<Tensor<1>>,
    pub(super) running: Vec<[Tensor<1>; 2]>,
}

/// A training between two steps.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) step: u64,
    pub(super) parameters: Vec<Tensor<1>>,
    pub(super) velocities: Vec<Tensor<1>>,
    pub(super) running: Vec<[Tensor<1>; 2]>,
    pub(super) best: Option<Best>,
    pub(super) sums: Sums,
    pub(super) history: Vec<Row>,
}

impl State {
    /// The state of a training that begins with `graph`.
    pub(super) fn new(network: &Trainable, graph: &Graph) -> Self {
        let parameters = network.parameters(graph);
        let velocities = parameters.iter().map(Tensor::zeros_like).collect();
        let running = network.running(graph);
        Self {
            step: 0,
            parameters,
            velocities,
            running,
            best: None,
            sums: Sums::default(),
            history: Vec::new(),
        }
    }

    /// Steps done.
    pub const fn step(&self) -> u64 {
        self.step
    }

    /// What was recorded so far.
    pub fn history(&self) -> &[Row] {
        &self.history
    }

    /// Scores and step of the parameters that did best on the validation images.
    pub fn best(&self) -> Option<(Scores, u64)> {
        self.best.as_ref().map(|best| (best.scores, best.step))
    }

    /// The network with the parameters of the last step.
    pub fn last_graph(&self, network: &Trainable) -> Graph {
        network.graph_with(&self.parameters, &self.running)
    }

    /// The network that did best on the validation images; the last one if there were none.
    pub fn best_graph(&self, network: &Trainable) -> Graph {
        match &self.best {
            Some(best) => network.graph_with(&best.parameters, &best.running),
            None => self.last_graph(network),
        }
    }

    /// Moves the running statistics by `momentum` towards those of a batch, with the unbiased variance.
    pub(super) fn follow(&mut self, statistics: Vec<Statistics>, momentum: f64) {
        for (running, batch) in self.running.iter_mut().zip(statistics) {
            let unbiased = batch.count as f64 / (batch.count as f64 - 1.0).max(1.0);
            let [mean, variance] = running.clone();
            *running = [
                mean * (1.0 - momentum) + batch.mean * momentum,
                variance * (1.0 - momentum) + batch.variance * (momentum * unbiased),
            ];
        }
    }
}
