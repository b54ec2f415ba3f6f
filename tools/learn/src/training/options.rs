use serde::{Deserialize, Serialize};

use super::{Gates, Loss, Schedule, Sgd};
use crate::interpreter::FixedPoint;

/// The constants of a training: equal ones from equal beginnings give equal networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Images a step.
    pub batch: usize,
    /// Seed of the order and the changes of images.
    pub seed: u64,
    /// Learning rates, and with them the number of steps.
    pub schedule: Schedule,
    /// What is made of gradients.
    pub sgd: Sgd,
    /// What is made small.
    pub loss: Loss,
    /// How blocks decide and learn to.
    pub gates: Gates,
    /// Fixed point whose errors are learned with; validation has none.
    pub fixed: Option<FixedPoint>,
    /// What a batch counts for in running means and variances.
    pub norm_momentum: f64,
    /// Whether norms keep their running statistics and use them.
    pub freeze_norms: bool,
    /// Epochs from one validation to the next.
    pub validate_every: u64,
    /// Steps from one row of the history to the next; every validation makes one as well.
    pub record_every: u64,
}
