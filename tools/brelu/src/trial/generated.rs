//! The small network that trials make for themselves, and its pictures.

use brelu_core::plan::{ColourOrder, Plan};
use brelu_host::plan_file;
use brelu_host::weights::Weights;

use super::TrialError;
use brelu_compile::{CompileOptions, Format, compile};
use brelu_data::Preprocess;
use brelu_data::demo;
use brelu_networks::graph::Graph;

/// A residual network with generated weights.
pub(super) struct Generated {
    /// The network.
    pub(super) graph: Graph,
    /// How pictures become its input.
    pub(super) preprocess: Preprocess,
    /// Its plan.
    pub(super) plan: &'static Plan<'static>,
    /// The plan's weights.
    pub(super) weights: Weights,
}

/// Channels: the demonstration's, made narrow, since what matters here is how many messages there are and not how long
/// they take to compute.
const CHANNELS: [u32; 3] = [4, 8, 16];

/// Pictures it is calibrated on.
const CALIBRATION: usize = 32;

impl Generated {
    /// The network of `seed`.
    pub(super) fn new(seed: u64) -> Result<Self, TrialError> {
        let mut preprocess = Preprocess::raw(demo::SIDE, demo::SIDE, ColourOrder::Rgb);
        (preprocess.divide_by, preprocess.mean, preprocess.std) = (255.0, [0.5; 3], [0.25; 3]);
        let graph = demo::network_of(CHANNELS, seed, &preprocess)?;
        let mut options = CompileOptions::new(preprocess);
        options.format = Some(Format { narrow: 16, fraction: 14, window: 9 });
        options.labels = demo::CLASSES.map(str::to_owned).to_vec();
        let calibration = pixels(seed.wrapping_add(1), CALIBRATION);
        let compiled = compile(&graph, &calibration, &options, &mut |_| ())?;
        let plan = plan_file::keep(compiled.plan)?;
        Ok(Self { graph, preprocess, plan, weights: compiled.weights })
    }
}

/// Pixels of generated pictures.
pub(super) fn pixels(seed: u64, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|index| demo::picture(seed, index).pixels).collect()
}
