//! Training networks with block-ReLU, from scratch or on from imported parameters (arXiv 2304.10442, section 3.3).
//!
//! A [`Training`] makes steps of stochastic gradient descent on a [`State`]. Everything random is a function of a seed,
//! the epoch and an image's number, so that a state that was saved in a [`Checkpoint`] goes on as if nothing had
//! happened: on a CPU the parameters are the same to the last bit.

mod augment;
mod checkpoint;
mod error;
mod feed;
mod gates;
mod history;
mod initialise;
mod loader;
mod loss;
mod observe;
mod options;
mod pace;
mod recipe;
mod run;
mod samples;
mod schedule;
mod sgd;
mod shuffle;
mod snapshot;
mod state;
mod teacher;
mod validate;

pub use augment::{Augmentation, Change};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use error::TrainError;
pub use feed::{Batch, Feed};
pub use gates::Gates;
pub use history::{COLUMNS, Row, csv, parse};
pub use initialise::initialise;
pub use loss::{Distillation, IGNORED, Labels, Loss};
pub use observe::{Observer, Stepped};
pub use options::Options;
pub use pace::Pace;
pub use recipe::{DEFAULT, Length, Recipe, recipes};
pub use run::Training;
pub use samples::{Sample, Samples, Selected};
pub use schedule::{Decay, Schedule};
pub use sgd::Sgd;
pub use shuffle::order;
pub use snapshot::Snapshot;
pub use state::{State, Sums};
pub use teacher::Teacher;
pub use validate::Scores;

#[cfg(test)]
mod tests;
