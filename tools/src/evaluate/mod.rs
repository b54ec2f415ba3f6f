//! Many inferences: run by several sessions or simulations at once, recorded one by one, summed up.

#[cfg(feature = "gradients")]
mod blocks;
mod float;
mod log;
mod record;
mod run;
mod scores;
mod summary;

#[cfg(feature = "gradients")]
pub use blocks::{BlockScores, compare};
pub use float::Float;
pub use log::{Log, LogError, Origin};
pub use record::{FloatRecord, Record};
pub use run::{Engine, EvaluateError, Evaluation};
pub use scores::{decisions, largest, real};
pub use summary::{Spread, Summary};
