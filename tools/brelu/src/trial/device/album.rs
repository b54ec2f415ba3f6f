//! What a device classifies, and what should come out.

use brelu_core::plan::Plan;
use brelu_host::weights::Weights;

use super::super::TrialError;
use super::super::generated::{Generated, pixels};
use super::super::subject::{label, margin};
use crate::evaluate::Float;
use brelu_compile::simulate::{Simulator, quantise_input};
use brelu_data::Preprocess;
use brelu_networks::graph::{Executor, Graph, Scratch};

/// A network, pictures, and the label that the plaintext network gives each.
#[derive(Debug)]
pub struct Album {
    /// The plan.
    pub plan: &'static Plan<'static>,
    /// Its weights.
    pub weights: Weights,
    /// Pixels of pictures in the size and order of the input.
    pub pixels: Vec<Vec<u8>>,
    /// The plaintext network's label of each.
    pub labels: Vec<usize>,
}

/// Simulations by which a generated picture shows that its label does not depend on chance.
const SEEDS: u64 = 4;

impl Album {
    /// Pictures of one's own under the network that the plan was made of.
    ///
    /// # Errors
    /// If the network and the pictures do not fit each other.
    pub fn given(
        plan: &'static Plan<'static>,
        weights: Weights,
        graph: &Graph,
        preprocess: Preprocess,
        pixels: Vec<Vec<u8>>,
    ) -> Result<Self, TrialError> {
        let labels = plaintext(graph, preprocess, &pixels)?;
        Ok(Self { plan, weights, pixels, labels })
    }

    /// A small network with generated weights and pictures; `count` of those that it labels clearly, or as many as there
    /// are.
    ///
    /// # Errors
    /// If the network cannot be made, or labels no picture clearly.
    pub fn generated(seed: u64, count: usize) -> Result<Self, TrialError> {
        let Generated { graph, preprocess, plan, weights } = Generated::new(seed)?;
        let candidates = pixels(seed.wrapping_add(2), 4 * count);
        let labels = plaintext(&graph, preprocess, &candidates)?;
        let mut album = Self { plan, weights, pixels: Vec::new(), labels: Vec::new() };
        let clear = album.clear(&candidates, &labels)?;
        for (pixels, label) in
            candidates.into_iter().zip(labels).zip(clear).filter_map(|(item, clear)| clear.then_some(item))
        {
            if album.pixels.len() < count {
                album.pixels.push(pixels);
                album.labels.push(label);
            }
        }
        if album.pixels.is_empty() { Err(TrialError::Unclear) } else { Ok(album) }
    }

    /// Whether fixed point gives each picture the plaintext label by a good margin, whatever the masks are.
    fn clear(&self, pixels: &[Vec<u8>], labels: &[usize]) -> Result<Vec<bool>, TrialError> {
        let simulator = Simulator::new(self.plan, &self.weights)?;
        let plane = self.plan.input().shape.plane();
        let mut clear = Vec::new();
        for (pixels, want) in pixels.iter().zip(labels) {
            let input = quantise_input(&self.plan.header().preprocess, plane, pixels);
            let mut runs = Vec::new();
            for seed in 0..SEEDS {
                runs.push(simulator.run(&input, seed)?.output);
            }
            let spread = (0..runs[0].len()).map(|index| {
                let values = runs.iter().map(|run| run[index]);
                values.clone().max().unwrap_or(0) - values.min().unwrap_or(0)
            });
            let spread = spread.max().unwrap_or(0);
            clear.push(runs.iter().all(|run| label(run) == Some(*want) && margin(run) > 4 * spread));
        }
        Ok(clear)
    }
}

fn plaintext(graph: &Graph, preprocess: Preprocess, pixels: &[Vec<u8>]) -> Result<Vec<usize>, TrialError> {
    let float = Float { executor: Executor::new(graph)?, preprocess };
    let mut scratch = Scratch::default();
    let first = |logits: &[f32]| {
        (0..logits.len()).fold(0, |best, at| if logits[at] > logits[best] { at } else { best })
    };
    pixels.iter().map(|pixels| Ok(first(&float.run(pixels, &mut scratch)?))).collect()
}
