//! From a file to weights, with nothing of it left in memory.

use std::fs::File;
use std::path::Path;

use brelu_core::plan::Plan;

use super::{HEADER, Weights, WeightsError};
use crate::growing;

/// Bytes of the longest varint of a word, and those of a length or what tells entries apart.
const WORD: usize = 5;
const LENGTH: usize = 16;

/// Bytes of the largest weights file of a plan.
fn most(plan: &Plan<'_>) -> usize {
    let of_node = |(_, node): (_, brelu_core::plan::Node<'_>)| {
        let terms = node.op.terms();
        let words: usize = terms.iter().map(|term| term.map.weight_len()).sum();
        (terms.len() + 4) * LENGTH + (words + node.shape.channels as usize).saturating_mul(WORD)
    };
    plan.nodes().map(of_node).fold(HEADER + 32 + LENGTH, usize::saturating_add)
}

impl Weights {
    /// Reads the weights file of `plan` at `path`. Memory is taken for what is there, no more than weights of this plan
    /// take, and what was read is wiped.
    ///
    /// # Errors
    /// If it cannot be read, and those of [`Self::parse`].
    pub fn read(plan: &Plan<'_>, path: &Path) -> Result<Self, WeightsError> {
        let file = File::open(path).and_then(|file| growing::read(file, most(plan)));
        let bytes = file.map_err(|error| WeightsError::Read(error.to_string()))?;
        Self::parse(
            plan,
            &bytes.ok_or(WeightsError::Damaged("it is longer than weights of this plan can be"))?,
        )
    }
}
