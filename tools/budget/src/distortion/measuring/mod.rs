//! Measuring tables: networks on batches, with gradients.

mod around;
mod checkpoint;
mod compared;
mod exact;
mod first_order;
mod gradient;
mod layers;
mod measurement;
mod probe;
mod ranges;
mod seeds;
mod walk;

pub use around::{Around, AroundError, Choices, Look};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use compared::Compared;
pub use measurement::{Measurement, Options, Partial};

use super::{LayerTable, Method, Table, TableError, Triple, WINDOWS};
use seeds::Seeds;

#[cfg(test)]
mod tests;
