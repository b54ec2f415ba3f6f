//! What is inferred in trials, and how a wrong result is told from a right one.
//!
//! The protocol truncates and compares at random, so two right results differ in their last digits. How far is found by
//! simulating every picture under many seeds ([`brelu_compile::simulate`]): a result is right if every logit is within four times
//! the largest deviation seen there from its mean. Only pictures whose two best classes are more than twice as far
//! apart as two right results can be are taken, and in a row they have different labels, so that neither a wrong label
//! nor another picture's result passes. Where only labels are opened, they have to be the same under every seed.

use brelu_core::plan::{Answer, Plan};
use brelu_host::weights::Weights;

use super::TrialError;
use super::deployment::Goods;
use super::generated::{Generated, pixels};
use brelu_compile::simulate::{Simulator, quantise_input};
use brelu_data::demo;

/// A picture and the result it has to have.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Elements of the input in the plan's fixed point.
    pub input: Vec<u32>,
    /// The mean result of simulations, in units of the output scale; where labels are opened, that of all of them.
    pub expected: Vec<i32>,
}

/// A network with pictures.
#[derive(Debug)]
pub struct Subject {
    /// The plan.
    pub plan: &'static Plan<'static>,
    /// Its weights.
    pub weights: Weights,
    /// Pictures; neighbours have different labels.
    pub pictures: Vec<Picture>,
    /// How far a logit may be from what is expected.
    pub tolerance: i32,
}

/// Simulations of every picture.
const SEEDS: u64 = 24;

/// Pictures in the end, and those they are chosen from.
const PICTURES: usize = 6;
const CANDIDATES: usize = 27;

impl Subject {
    /// A small residual network with generated pictures.
    ///
    /// # Errors
    /// If it cannot be compiled or no picture is clear enough.
    pub fn generated(seed: u64) -> Result<Self, TrialError> {
        let Generated { plan, weights, .. } = Generated::new(seed)?;
        Self::new(plan, weights, &pixels(seed.wrapping_add(2), CANDIDATES))
    }

    /// A network of one's own, with generated pixels.
    ///
    /// # Errors
    /// If the weights are of another plan or no picture is clear enough.
    pub fn given(plan: &'static Plan<'static>, weights: Weights, seed: u64) -> Result<Self, TrialError> {
        let shape = plan.input().shape;
        let pixels: Vec<_> =
            (0..CANDIDATES as u64).map(|index| demo::pixels(shape, seed.wrapping_add(index))).collect();
        Self::new(plan, weights, &pixels)
    }

    fn new(plan: &'static Plan<'static>, weights: Weights, pixels: &[Vec<u8>]) -> Result<Self, TrialError> {
        let simulator = Simulator::new(plan, &weights)?;
        let (mut pictures, mut deviation) = (Vec::new(), 0);
        for pixels in pixels {
            let input = quantise_input(&plan.header().preprocess, plan.input().shape.plane(), pixels);
            let runs: Vec<Vec<i32>> = (0..SEEDS)
                .map(|seed| Ok(simulator.run(&input, seed)?.output))
                .collect::<Result<_, TrialError>>()?;
            let expected = match plan.header().answer {
                Answer::Scores => mean(&runs),
                Answer::Labels { .. } if runs.iter().all(|run| *run == runs[0]) => runs[0].clone(),
                Answer::Labels { .. } => continue,
            };
            let far = runs.iter().flat_map(|run| distances(run, &expected)).max().unwrap_or(0);
            deviation = deviation.max(far);
            pictures.push(Picture { input, expected });
        }
        let answer = plan.header().answer;
        let tolerance = match answer {
            Answer::Scores => deviation.max(1).saturating_mul(4),
            Answer::Labels { .. } => 0,
        };
        let pictures = choose(pictures, answer, tolerance);
        if pictures.len() < 2 {
            return Err(TrialError::Unclear);
        }
        Ok(Self { plan, weights, pictures, tolerance })
    }

    /// The picture with number `index`, counted round and round.
    pub fn picture(&self, index: usize) -> &Picture {
        &self.pictures[index % self.pictures.len()]
    }

    /// What a deployment needs of it.
    pub(super) fn goods(&self) -> Goods<'_> {
        Goods { plan: self.plan, weights: &self.weights, inputs: self.inputs() }
    }

    /// All inputs, as JSON.
    fn inputs(&self) -> String {
        let inputs: Vec<&[u32]> = self.pictures.iter().map(|picture| picture.input.as_slice()).collect();
        serde_json::json!(inputs).to_string()
    }

    /// Whether `output` is a right result of picture `index`: its label, and every logit.
    pub fn is_right(&self, index: usize, output: &[i32]) -> bool {
        let expected = &self.picture(index).expected;
        output.len() == expected.len()
            && best(self.plan.header().answer, output) == best(self.plan.header().answer, expected)
            && distances(output, expected).all(|distance| distance <= self.tolerance)
    }

    /// The distance of the two best classes, of the picture where it is smallest.
    pub fn margin(&self) -> i32 {
        self.pictures.iter().map(|picture| margin(&picture.expected)).min().unwrap_or(0)
    }
}

/// Those that are clear, in an order in which neighbours differ.
fn choose(pictures: Vec<Picture>, answer: Answer, tolerance: i32) -> Vec<Picture> {
    let mut chosen: Vec<Picture> = Vec::new();
    for picture in pictures {
        let last = chosen.last().map(|last| best(answer, &last.expected));
        let first = chosen.first().map(|first| best(answer, &first.expected));
        let own = best(answer, &picture.expected);
        let clear = answer.labels().is_some() || margin(&picture.expected) > tolerance.saturating_mul(4);
        let closing = chosen.len() + 1 == PICTURES && first == Some(own);
        if clear && last != Some(own) && !closing {
            chosen.push(picture);
        }
        if chosen.len() == PICTURES {
            break;
        }
    }
    chosen
}

fn mean(runs: &[Vec<i32>]) -> Vec<i32> {
    let count = runs.len().max(1) as i64;
    let sum = |index: usize| runs.iter().map(|run| i64::from(run[index])).sum::<i64>();
    (0..runs.first().map_or(0, Vec::len)).map(|index| (sum(index) / count) as i32).collect()
}

fn distances(left: &[i32], right: &[i32]) -> impl Iterator<Item = i32> {
    left.iter().zip(right).map(|(left, right)| left.abs_diff(*right).min(i32::MAX as u32) as i32)
}

/// The class that a result says.
fn best(answer: Answer, output: &[i32]) -> Option<usize> {
    match answer {
        Answer::Scores => label(output),
        Answer::Labels { .. } => output.first().map(|label| *label as usize),
    }
}

/// The largest score's class.
pub(super) fn label(output: &[i32]) -> Option<usize> {
    (0..output.len()).max_by_key(|index| (output[*index], std::cmp::Reverse(*index)))
}

/// By how much the best class is better than the second.
pub(super) fn margin(output: &[i32]) -> i32 {
    let mut sorted = output.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    match sorted[..] {
        [first, second, ..] => first.saturating_sub(second),
        _ => 0,
    }
}
