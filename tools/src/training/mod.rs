//! Training networks with block-ReLU, from scratch or on from imported parameters (arXiv 2304.10442, section 3.3).
//!
//! A [`Training`] makes steps of stochastic gradient descent on a [`State`]. Everything random is a function of a seed,
//! the epoch and an image's number, so that a state that was saved in a [`Checkpoint`] goes on as if nothing had
//! happened: on a CPU the parameters are the same to the last bit.

mod augment;
mod checkpoint;
mod error;
mod gates;
mod history;
mod initialise;
mod loader;
mod loss;
mod recipe;
mod run;
mod samples;
mod schedule;
mod sgd;
mod shuffle;
mod state;
mod validate;

pub use augment::{Augmentation, Change};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use error::TrainError;
pub use gates::Gates;
pub use history::{COLUMNS, Row, csv, parse};
pub use initialise::initialise;
pub use loss::{Distillation, IGNORED, Labels, Loss};
pub use recipe::{DEFAULT, Length, Recipe, recipes};
pub use run::{Observer, Options, Pace, Stepped, Training};
pub use samples::{Batch, Feed, Sample, Samples, Selected};
pub use schedule::{Decay, Schedule};
pub use sgd::Sgd;
pub use shuffle::order;
pub use state::{Snapshot, State, Sums};
pub use validate::Scores;

#[cfg(test)]
mod tests;
