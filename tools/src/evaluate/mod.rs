//! Many inferences: run by several sessions or simulations at once, recorded one by one, summed up.

#[cfg(feature = "gradients")]
mod blocks;
mod float;
mod judge;
mod log;
mod maps;
mod record;
mod run;
mod scores;
mod summary;
mod verdict;

#[cfg(feature = "gradients")]
pub use blocks::{BlockScores, Candidate, Truth, compare};
pub use float::Float;
pub use judge::Judge;
pub use log::{Log, LogError, Origin};
pub use maps::{ClassScore, MapScores, MapSummary};
pub use record::{FloatRecord, Record};
pub use run::{Engine, EvaluateError, Evaluation};
pub use scores::{classes, decision, decisions, largest, of_classes, probabilities, real};
pub use summary::{Spread, Summary};
pub use verdict::{Opened, Verdict};
