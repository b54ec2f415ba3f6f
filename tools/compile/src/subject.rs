//! A network with everything that does not depend on the format, and what comes of it in one.

use brelu_core::plan::Plan;
use brelu_host::weights::Weights;
use rayon::prelude::*;
use serde::Serialize;

use super::calibrate::Calibration;
use super::criterion::Criterion;
use super::format::{Format, cost};
use super::model::differ;
use super::net::{Net, Node};
use super::quality::{Comparison, Quality, Reference};
use super::quantise::{Names, quantise};
use super::scales::Scales;
use super::ties::Ties;
use super::windows::NARROWEST;
use super::{BlockSpec, CompileError};
use crate::simulate::{SimulateError, Simulator, quantise_input};

/// One format and how the network does in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// The format. Where windows are chosen by layer, its window is the widest.
    pub format: Format,
    /// Whether layers have windows of their own.
    pub by_layer: bool,
    /// Bits one inference moves between all parties, with scores of n bits.
    pub bits: u64,
    /// Images simulated.
    pub images: usize,
    /// What came out.
    pub quality: Quality,
}

/// Everything about a network that does not depend on the format.
pub(super) struct Subject<'a> {
    pub(super) net: &'a Net,
    pub(super) calibration: &'a Calibration,
    pub(super) reference: Reference,
    pub(super) criterion: Criterion,
    /// Calibration images, plane by plane.
    pub(super) pixels: &'a [Vec<u8>],
    pub(super) names: Names<'a>,
    pub(super) spec: &'a BlockSpec,
    pub(super) seed: u64,
}

impl Subject<'_> {
    pub(super) fn scales(&self, format: Format) -> Result<Scales, CompileError> {
        let (ties, seen) = (Ties::new(self.net, format.fraction)?, &self.calibration.seen);
        Scales::choose(self.net, ties, seen, format, self.names.margin, self.names.preprocess)
    }

    /// The format's window for every node, less what the block spec says.
    pub(super) fn uniform(&self, format: Format) -> Vec<u8> {
        let window = |node: &Node| match self.spec.narrower(&node.name) {
            0 => format.window,
            bits => format.window.saturating_sub(bits).max(NARROWEST),
        };
        self.net.nodes.iter().map(window).collect()
    }

    /// Plan and weights in `format`, with the window of every node.
    pub(super) fn build(&self, format: Format, windows: &[u8]) -> Result<(Vec<u8>, Weights), CompileError> {
        quantise(self.net, &self.scales(format)?, &self.calibration.seen, format, windows, &self.names)
    }

    /// The mean squared error of the outputs on at most `count` images, relative to their spread: the geometric mean over
    /// images, so that no single one decides.
    pub(super) fn square(&self, format: Format, windows: &[u8], count: usize) -> Result<f64, CompileError> {
        let errors = self.compare(format, windows, count)?.errors;
        let logarithms = errors.iter().map(|error| error.max(f64::MIN_POSITIVE.sqrt()).ln());
        Ok((2.0 * logarithms.sum::<f64>() / errors.len().max(1) as f64).exp())
    }

    /// The outputs in `format` against the float ones, on at most `count` images, spread evenly over all.
    pub(super) fn compare(
        &self,
        format: Format,
        windows: &[u8],
        count: usize,
    ) -> Result<Comparison, CompileError> {
        let (file, weights) = self.build(format, windows)?;
        let plan = Plan::parse(&file)?;
        let simulator = Simulator::new(&plan, &weights).map_err(unexpected)?;
        let all = self.pixels.len();
        let images = (0..count.min(all)).into_par_iter().map(|at| at * all / count.min(all));
        let pairs =
            images.map(|at| self.pair(&simulator, &plan, at)).collect::<Result<Vec<_>, CompileError>>()?;
        Ok(self.reference.compare(&pairs))
    }

    /// How the network does in a format on all images, and the comparison that says so.
    pub(super) fn trial(&self, format: Format, windows: &[u8]) -> Result<(Trial, Comparison), CompileError> {
        let comparison = self.compare(format, windows, self.pixels.len())?;
        let (bits, by_layer) = (cost(self.net, format, windows), differ(self.net, windows));
        let (quality, images) = (comparison.quality(), self.pixels.len());
        Ok((Trial { format, by_layer, bits, images, quality }, comparison))
    }

    fn pair(
        &self,
        simulator: &Simulator<'_>,
        plan: &Plan<'_>,
        at: usize,
    ) -> Result<(&[f32], Vec<f32>), CompileError> {
        let output = self.output(simulator, plan, at)?;
        let got = output.iter().map(|value| *value as f32 * plan.header().output_scale).collect();
        Ok((&self.calibration.outputs[at], got))
    }

    /// The output for one calibration image, in units.
    fn output(
        &self,
        simulator: &Simulator<'_>,
        plan: &Plan<'_>,
        at: usize,
    ) -> Result<Vec<i32>, CompileError> {
        let preprocess = &plan.header().preprocess;
        let input = quantise_input(preprocess, self.net.shape(0).plane(), &self.pixels[at]);
        Ok(simulator.run(&input, self.seed.wrapping_add(at as u64)).map_err(unexpected)?.output)
    }

    /// The outputs for all calibration images, in units.
    pub(super) fn outputs(&self, plan: &Plan<'_>, weights: &Weights) -> Result<Vec<Vec<i32>>, CompileError> {
        let simulator = Simulator::new(plan, weights).map_err(unexpected)?;
        (0..self.pixels.len()).into_par_iter().map(|at| self.output(&simulator, plan, at)).collect()
    }
}

pub(super) fn unexpected(error: SimulateError) -> CompileError {
    match error {
        SimulateError::Kernel(error) => error.into(),
        other => CompileError::Option(format!("the plan cannot be simulated: {other}")),
    }
}
