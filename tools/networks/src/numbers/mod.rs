//! Numbers: generated the same way on every machine, summed up, and as people read them.

mod median;
mod random;
mod text;

pub use median::median;
pub use random::Random;
pub use text::{bytes, count, hex, percent, seconds};
