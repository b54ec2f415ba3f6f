//! How much the network's output changes when one channel of one activation layer decides by blocks (arXiv 2304.10442,
//! section 4.1): measured for every layer, channel and candidate size.

mod file;
#[cfg(feature = "measure")]
mod measuring;
mod merge;
mod rank;
pub mod sample;
mod table;
mod triple;

pub use file::{FileError, read_table, write_table};
#[cfg(feature = "measure")]
pub use measuring::{
    Around, AroundError, Checkpoint, CheckpointError, Choices, Compared, Look, Measurement, Options, Partial,
};
pub use merge::{MergeError, merge};
pub use rank::{pearson, spearman};
pub use table::{LayerTable, Method, Provenance, Shard, Table, TableError, WINDOWS};
pub use triple::{Triple, choose};
