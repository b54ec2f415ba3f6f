//! How much the network's output changes when one channel of one activation layer decides by blocks (arXiv 2304.10442,
//! section 4.1): measured for every layer, channel and candidate size.

mod exact;
mod first_order;
mod gradient;
mod layers;
mod measure;
mod probe;
mod ranges;
mod seeds;
mod table;
mod walk;

pub use exact::Triple;
pub use measure::{Measurement, Options, Partial};
use seeds::Seeds;
pub use table::{LayerTable, Method, Provenance, Shard, Table, TableError, WINDOWS};
