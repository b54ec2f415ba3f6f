//! The measured distortions, in memory.

use brelu_core::geometry::Shape;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use brelu_networks::blocks::BlockSize;

/// The widths of comparison windows, in bits, whose additional distortion is estimated.
pub const WINDOWS: [u8; 6] = [4, 5, 6, 7, 8, 9];

/// Distortions of one network: the expected squared change of its output, averaged over output elements and images, for
/// one changed channel at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What was measured, and how.
    pub provenance: Provenance,
    /// The activation layers in the order of the network.
    pub layers: Vec<LayerTable>,
}

/// What was measured, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The version of this program.
    pub version: String,
    /// Name of the network.
    pub network: String,
    /// The network's file, as it was given.
    pub model: String,
    /// SHA-256 of that file, hexadecimal.
    pub model_sha256: String,
    /// The images' file or folder, as it was given.
    pub data: String,
    /// SHA-256 of the pixels of all images of the measurement (of all shards) in order, hexadecimal.
    pub data_sha256: String,
    /// How images become the network's input, as JSON.
    pub preprocess: String,
    /// How distortions were found.
    pub method: Method,
    /// Random probes of the output an image; 0 if every output element was its own probe.
    pub probes: u32,
    /// Seed of the probes.
    pub seed: u64,
    /// Images of the whole measurement.
    pub images: u64,
    /// Images in this table; all of them unless it is a shard.
    pub samples: u64,
    /// The parts of the measurement in this table, in order; empty if it was never divided.
    pub shards: Vec<Shard>,
    /// Elements of the output.
    pub outputs: u64,
    /// Mean over images and output elements of the output's square: what distortions compare with.
    pub output_power: f64,
}

/// How distortions were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The network's tail was computed for every triple.
    Exact,
    /// To first order, from gradients of the outputs.
    Gradient,
    /// As `Gradient`; the triples near the optimum were computed exactly as well.
    Hybrid,
}

/// Part `index` of `of`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

/// Distortions of one activation layer. Values are at `channel * sizes.len() + candidate`.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerTable {
    /// Name of the activation node.
    pub name: String,
    /// Channels, height and width.
    pub shape: Shape,
    /// The upper bound of a ReLU with one (6 for ReLU6).
    pub clip: Option<f32>,
    /// The candidates; distinct, with 1x1 among them.
    pub sizes: Vec<BlockSize>,
    /// Mean distortion by the table's method; never negative. 0 for 1x1.
    pub distortion: Vec<f64>,
    /// Mean distortion computed exactly, NaN where it was not. Equal to `distortion` if the method is exact.
    pub exact: Vec<f64>,
    /// What comparison windows of [`WINDOWS`] bits add to `distortion`; empty if that was not estimated.
    pub windows: Vec<[f32; WINDOWS.len()]>,
}

impl LayerTable {
    /// The best known distortion of a candidate: exact if there is such a value.
    pub fn best(&self, channel: usize, candidate: usize) -> f64 {
        let at = channel * self.sizes.len() + candidate;
        match self.exact.get(at) {
            Some(exact) if !exact.is_nan() => *exact,
            _ => self.distortion[at],
        }
    }
}

impl Table {
    /// Verifies lengths and values.
    ///
    /// # Errors
    /// Names the first layer, channel and size that are impossible.
    pub fn check(&self) -> Result<(), TableError> {
        for layer in &self.layers {
            layer.check()?;
        }
        Ok(())
    }
}

impl LayerTable {
    fn check(&self) -> Result<(), TableError> {
        let problem = |problem: String| Err(TableError { layer: self.name.clone(), problem });
        let len = self.shape.channels as usize * self.sizes.len();
        let windows = self.windows.is_empty() || self.windows.len() == len;
        if self.distortion.len() != len || self.exact.len() != len || !windows {
            return problem(format!("it has not one value for each of its {len} channels and sizes"));
        }
        if !self.sizes.contains(&BlockSize::RELU) {
            return problem("the size 1x1 is missing".into());
        }
        if let Some(size) = self.sizes.iter().find(|size| size.decides() && !size.fits(self.shape)) {
            return problem(format!(
                "blocks of {size} are larger than the map of {}x{}",
                self.shape.height, self.shape.width
            ));
        }
        let impossible = |value: &f64| !value.is_finite() || *value < 0.0;
        let wrong = self.distortion.iter().position(impossible);
        let wrong =
            wrong.or_else(|| self.exact.iter().position(|value| !value.is_nan() && impossible(value)));
        match wrong {
            Some(at) => problem(format!(
                "channel {} with blocks of {} has a distortion that is no number of at least 0",
                at / self.sizes.len(),
                self.sizes[at % self.sizes.len()]
            )),
            None => Ok(()),
        }
    }
}

/// Why a table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the distortions of layer {layer} cannot be used: {problem}")]
pub struct TableError {
    /// Where.
    pub layer: String,
    /// What is wrong.
    pub problem: String,
}
