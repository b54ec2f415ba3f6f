//! Choices to compare with: one size everywhere, and random sizes.

use super::{KnapsackError, Problem, Solution};
use brelu_networks::blocks::BlockSize;
use brelu_networks::numbers::Random;

/// Changes that a random choice tries, for every channel.
const CHANGES: usize = 400;

impl Problem<'_> {
    /// The size that, in all channels and cut to smaller maps, fits the budget with the least distortion.
    ///
    /// # Errors
    /// If none fits.
    pub fn uniform(&self, budget: u64) -> Result<Solution, KnapsackError> {
        let mut sizes: Vec<BlockSize> =
            self.table.layers.iter().flat_map(|layer| layer.sizes.clone()).collect();
        sizes.sort();
        sizes.dedup();
        let choices = sizes.iter().filter(|size| size.decides()).filter_map(|size| self.everywhere(*size));
        let mut solutions: Vec<Solution> = choices.map(|choices| self.counted(choices)).collect();
        solutions.sort_by(|a, b| a.distortion.total_cmp(&b.distortion));
        let least = solutions.iter().map(|solution| solution.cost).min().unwrap_or(0);
        solutions.into_iter().find(|solution| solution.cost <= budget).ok_or_else(|| KnapsackError::Budget {
            least: self.model.describe(least),
            budget: self.model.describe(budget),
        })
    }

    /// The positions of `size`, cut to the map, in every layer and channel, if it is a candidate there.
    fn everywhere(&self, size: BlockSize) -> Option<Vec<Vec<usize>>> {
        let layer = |(layer, own): (&crate::distortion::LayerTable, &super::problem::Layer)| {
            let cut = |side: u16, map: u32| u16::try_from(map).map_or(side, |map| side.min(map));
            let cut =
                BlockSize::new(cut(size.height, layer.shape.height), cut(size.width, layer.shape.width));
            let at = own.allowed.iter().find(|at| layer.sizes[**at] == cut)?;
            Some(vec![*at; layer.shape.channels as usize])
        };
        self.pairs().map(layer).collect()
    }

    /// Random sizes that cost about the budget, not more.
    ///
    /// # Errors
    /// If the cheapest sizes cost more.
    pub fn random(&self, budget: u64, seed: u64) -> Result<Solution, KnapsackError> {
        let mut random = Random::new(seed);
        let channels: Vec<usize> =
            self.table.layers.iter().map(|layer| layer.shape.channels as usize).collect();
        let flat: Vec<usize> =
            channels.iter().enumerate().flat_map(|(layer, count)| vec![layer; *count]).collect();
        let mut picks: Vec<usize> =
            flat.iter().map(|layer| random.below(self.layers[*layer].allowed.len())).collect();
        let cost = |channel: usize, pick: usize| self.layers[flat[channel]].costs[pick];
        let mut total: u64 = picks.iter().enumerate().map(|(channel, pick)| cost(channel, *pick)).sum();
        for _ in 0..CHANGES * picks.len() {
            let channel = random.below(picks.len());
            let pick = random.below(self.layers[flat[channel]].allowed.len());
            let next = total - cost(channel, picks[channel]) + cost(channel, pick);
            let closer = if total > budget { next < total } else { next <= budget && next > total };
            if closer {
                (picks[channel], total) = (pick, next);
            }
        }
        match total <= budget {
            true => Ok(self.counted(self.choices(&picks))),
            // Chance did not get there: what is possible says why.
            false => self.solve(budget),
        }
    }

    fn counted(&self, choices: Vec<Vec<usize>>) -> Solution {
        self.with_choices(Solution::default(), choices)
    }
}
