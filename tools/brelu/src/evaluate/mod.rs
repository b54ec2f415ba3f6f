//! Many inferences: run by several sessions or simulations at once, recorded one by one, summed up.

mod float;
mod judge;
mod log;
mod maps;
mod record;
mod run;
mod summary;
mod verdict;

pub use float::Float;
pub use judge::{Judge, agreement};
pub use log::{Log, LogError, Origin};
pub use maps::{ClassScore, MapScores, MapSummary};
pub use record::{FloatRecord, Record};
pub use run::{Engine, EvaluateError, Evaluation};
pub use summary::{Spread, Summary};
pub use verdict::Verdict;
