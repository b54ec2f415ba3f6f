//! How much the network's output changes when one channel of one activation layer decides by blocks (arXiv 2304.10442,
//! section 4.1): measured for every layer, channel and candidate size.

mod around;
mod checkpoint;
mod exact;
mod file;
mod first_order;
mod gradient;
mod layers;
mod measure;
mod merge;
mod probe;
mod ranges;
mod rank;
#[cfg(test)]
pub(crate) mod sample;
mod seeds;
mod table;
mod walk;

pub use around::{Around, AroundError, Choices};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use exact::{Triple, choose};
pub use file::{FileError, read_table, write_table};
pub use measure::{Measurement, Options, Partial};
pub use merge::{MergeError, merge};
pub use rank::{pearson, spearman};
use seeds::Seeds;
pub use table::{LayerTable, Method, Provenance, Shard, Table, TableError, WINDOWS};

#[cfg(test)]
mod tests;
