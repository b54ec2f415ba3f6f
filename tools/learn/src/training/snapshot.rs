//! States as plain numbers, to be written and read.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::state::Best;
use super::{Row, Scores, State, Sums};
use crate::interpreter::{Trainable, values};

/// A state as plain numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Steps done.
    pub step: u64,
    parameters: Vec<Vec<f32>>,
    velocities: Vec<Vec<f32>>,
    running: Vec<[Vec<f32>; 2]>,
    best: Option<BestSnapshot>,
    sums: Sums,
    history: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct BestSnapshot {
    scores: Scores,
    step: u64,
    parameters: Vec<Vec<f32>>,
    running: Vec<[Vec<f32>; 2]>,
}

fn numbers(tensors: &[Tensor<1>]) -> Vec<Vec<f32>> {
    tensors.iter().cloned().map(values).collect()
}

fn pairs(tensors: &[[Tensor<1>; 2]]) -> Vec<[Vec<f32>; 2]> {
    tensors.iter().map(|pair| pair.clone().map(values)).collect()
}

impl Snapshot {
    /// The numbers of a state.
    pub fn new(state: &State) -> Self {
        let best = |best: &Best| BestSnapshot {
            scores: best.scores,
            step: best.step,
            parameters: numbers(&best.parameters),
            running: pairs(&best.running),
        };
        Self {
            step: state.step,
            parameters: numbers(&state.parameters),
            velocities: numbers(&state.velocities),
            running: pairs(&state.running),
            best: state.best.as_ref().map(best),
            sums: state.sums,
            history: state.history.clone(),
        }
    }

    /// The state of these numbers, if they are of a training of `network`.
    pub fn state(self, network: &Trainable) -> Option<State> {
        let like = State::new(network, network.graph());
        let back = Back { like: &like, device: network.device() };
        let best = match self.best {
            Some(best) => Some(Best {
                scores: best.scores,
                step: best.step,
                parameters: back.tensors(best.parameters)?,
                running: back.pairs(best.running)?,
            }),
            None => None,
        };
        Some(State {
            step: self.step,
            parameters: back.tensors(self.parameters)?,
            velocities: back.tensors(self.velocities)?,
            running: back.pairs(self.running)?,
            best,
            sums: self.sums,
            history: self.history,
        })
    }
}

/// From numbers to tensors of the shapes of another state.
struct Back<'a> {
    like: &'a State,
    device: &'a Device,
}

impl Back<'_> {
    fn tensor(&self, values: Vec<f32>, like: &Tensor<1>) -> Option<Tensor<1>> {
        let shape = [values.len()];
        (like.dims() == shape).then(|| Tensor::from_data(TensorData::new(values, shape), self.device))
    }

    fn tensors(&self, values: Vec<Vec<f32>>) -> Option<Vec<Tensor<1>>> {
        let like = &self.like.parameters;
        let tensor = |(values, like): (Vec<f32>, &Tensor<1>)| self.tensor(values, like);
        if values.len() == like.len() { values.into_iter().zip(like).map(tensor).collect() } else { None }
    }

    fn pairs(&self, values: Vec<[Vec<f32>; 2]>) -> Option<Vec<[Tensor<1>; 2]>> {
        let like = &self.like.running;
        let pair = |([mean, variance], like): ([Vec<f32>; 2], &[Tensor<1>; 2])| {
            Some([self.tensor(mean, &like[0])?, self.tensor(variance, &like[1])?])
        };
        if values.len() == like.len() { values.into_iter().zip(like).map(pair).collect() } else { None }
    }
}
