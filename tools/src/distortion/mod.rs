//! How much the network's output changes when one channel of one activation layer decides by blocks (arXiv 2304.10442,
//! section 4.1): measured for every layer, channel and candidate size.

mod file;
mod merge;
#[cfg(test)]
pub(crate) mod sample;
mod table;

pub use file::{FileError, read_table, write_table};
pub use merge::{MergeError, merge};
pub use table::{LayerTable, Method, Provenance, Shard, Table, TableError, WINDOWS};
