//! What a block size costs in a channel: sign decisions, traffic of the protocol, or time on a link.

mod format;
mod link;
mod profile;

pub use format::{FormatError, Formats};
pub use link::{Link, Phase, Timing};
pub use profile::{Profile, ProfileError, Shares};

use brelu_core::cost::{Traffic, blocks, extension, pixels};
use brelu_core::protocol::block_relu::Widths;

use crate::distortion::LayerTable;
use brelu_networks::blocks::{BlockSize, CostUnit};
use brelu_networks::numbers;

/// Counts costs of one kind.
#[derive(Clone, Debug)]
pub struct CostModel {
    /// Rings and windows of the layers; bytes are told for every kind of cost.
    pub formats: Formats,
    measure: Measure,
}

#[derive(Clone, Debug)]
enum Measure {
    Drelus,
    Bytes,
    Seconds(Timing),
}

impl CostModel {
    /// Sign decisions, as in arXiv 2304.10442.
    pub const fn drelus(formats: Formats) -> Self {
        Self { formats, measure: Measure::Drelus }
    }

    /// Traffic of the activation layers, all links and both phases.
    pub const fn bytes(formats: Formats) -> Self {
        Self { formats, measure: Measure::Bytes }
    }

    /// Time of the activation layers.
    pub const fn seconds(formats: Formats, timing: Timing) -> Self {
        Self { formats, measure: Measure::Seconds(timing) }
    }

    /// What costs are told in.
    pub const fn unit(&self) -> CostUnit {
        match self.measure {
            Measure::Drelus => CostUnit::Drelus,
            Measure::Bytes => CostUnit::Bytes,
            Measure::Seconds(_) => CostUnit::Seconds,
        }
    }

    /// How many of the numbers that the solver adds up are one DReLU, byte or second: 1; 8, as it counts bits; 10^12.
    pub const fn scale(&self) -> f64 {
        match self.measure {
            Measure::Drelus => 1.0,
            Measure::Bytes => 8.0,
            Measure::Seconds(_) => 1e12,
        }
    }

    /// Time that does not depend on the choice.
    pub const fn timing(&self) -> Option<&Timing> {
        match &self.measure {
            Measure::Seconds(timing) => Some(timing),
            _ => None,
        }
    }

    /// Cost of a channel of `layer` with patches of `size`, in the solver's numbers.
    pub fn cost(&self, layer: &LayerTable, size: BlockSize, format: Widths) -> u64 {
        match &self.measure {
            Measure::Drelus => size.decisions(layer.shape),
            Measure::Bytes => traffic(layer, size, format).total(),
            Measure::Seconds(timing) => {
                let seconds = timing.seconds(&traffic(layer, size, format), work(layer, size));
                (seconds * self.scale()).round() as u64
            }
        }
    }

    /// An amount in the solver's numbers, for people.
    pub fn describe(&self, cost: u64) -> String {
        describe(self.unit(), cost as f64 / self.scale())
    }
}

/// An amount of a unit, for people.
pub fn describe(unit: CostUnit, amount: f64) -> String {
    match unit {
        CostUnit::Drelus => format!("{} DReLUs", numbers::count(amount.round() as u64)),
        CostUnit::Bytes => numbers::bytes(amount.round() as u64),
        CostUnit::Seconds => numbers::seconds(amount),
    }
}

/// Values that a channel computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Multiplied by a decision.
    pub pixels: u64,
    /// Decisions.
    pub blocks: u64,
    /// Passed on, between rings.
    pub identity: u64,
}

/// Decisions of a block: an activation with an upper bound is a function of two knots.
fn knots(layer: &LayerTable) -> usize {
    if layer.clip.is_some() { 2 } else { 1 }
}

/// What a channel computes: every pixel takes part in every decision about it.
pub fn work(layer: &LayerTable, size: BlockSize) -> Work {
    let (plane, times) = (layer.shape.plane() as u64, knots(layer) as u64);
    match size {
        BlockSize::IDENTITY => Work { identity: plane, ..Work::default() },
        size if size.decides() => {
            Work { pixels: times * plane, blocks: times * size.decisions(layer.shape), identity: 0 }
        }
        _ => Work::default(),
    }
}

/// Bits of a channel in the messages of its layer, as [`brelu_core::cost::layouts`] has them if it reaches its bound. A
/// layer's messages are each filled up to whole bytes on top of that.
pub fn traffic(layer: &LayerTable, size: BlockSize, format: Widths) -> Traffic {
    let plane = layer.shape.plane() as u64;
    match size {
        BlockSize::IDENTITY => extension(format.n, format.k, plane),
        size if size.decides() => {
            pixels(format, knots(layer), plane) + blocks(format, knots(layer), size.decisions(layer.shape))
        }
        _ => Traffic::default(),
    }
}
