//! Learning rates over the steps of a training, as pure functions.

use serde::{Deserialize, Serialize};

/// How the learning rate falls after the warm-up. Positions are shares of the whole training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Decay {
    /// It does not.
    Constant,
    /// Times `factor` at each of these shares of the steps, ascending.
    Step {
        /// What the rate is multiplied with.
        factor: f64,
        /// Shares of all steps, from 0 to 1.
        at: Vec<f64>,
    },
    /// `minimum + (peak - minimum) (1 - t)^power`, with `t` the share of steps done.
    Poly {
        /// The exponent, 0.9 in the segmentation recipes.
        power: f64,
    },
    /// `minimum + (peak - minimum) (1 + cos(pi t)) / 2`.
    Cosine,
}

/// A learning rate for every step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The rate without warm-up and decay.
    pub peak: f64,
    /// How it falls.
    pub decay: Decay,
    /// Steps over which the decayed rate is scaled up linearly, reaching it with the last of them.
    pub warmup: u64,
    /// The rate does not fall below this after the warm-up.
    pub minimum: f64,
    /// Steps of the whole training.
    pub total: u64,
}

impl Schedule {
    /// The learning rate of `step`, from 0.
    pub fn rate(&self, step: u64) -> f64 {
        let decayed = self.decayed(step);
        match step < self.warmup {
            true => decayed * (step + 1) as f64 / self.warmup as f64,
            false => decayed,
        }
    }

    fn decayed(&self, step: u64) -> f64 {
        let done = (step as f64 / self.total.max(1) as f64).min(1.0);
        let above = self.peak - self.minimum;
        let rate = match &self.decay {
            Decay::Constant => self.peak,
            Decay::Step { factor, at } => {
                let passed = at.iter().filter(|share| step as f64 >= (*share * self.total as f64).round());
                self.peak * factor.powi(passed.count() as i32)
            }
            Decay::Poly { power } => self.minimum + above * (1.0 - done).powf(*power),
            Decay::Cosine => self.minimum + above * (1.0 + (std::f64::consts::PI * done).cos()) / 2.0,
        };
        rate.max(self.minimum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(decay: Decay) -> Schedule {
        Schedule { peak: 0.8, decay, warmup: 0, minimum: 0.0, total: 100 }
    }

    fn rates(schedule: &Schedule, steps: [u64; 4]) -> [f64; 4] {
        steps.map(|step| (schedule.rate(step) * 1e6).round() / 1e6)
    }

    #[test]
    fn rates_by_hand() {
        assert_eq!(rates(&schedule(Decay::Constant), [0, 1, 50, 99]), [0.8; 4]);
        let step = schedule(Decay::Step { factor: 0.25, at: vec![0.25, 0.5] });
        assert_eq!(rates(&step, [24, 25, 49, 50]), [0.8, 0.2, 0.2, 0.05]);
        let poly = schedule(Decay::Poly { power: 2.0 });
        assert_eq!(rates(&poly, [0, 50, 75, 100]), [0.8, 0.2, 0.05, 0.0]);
        let cosine = schedule(Decay::Cosine);
        assert_eq!(rates(&cosine, [0, 50, 100, 200]), [0.8, 0.4, 0.0, 0.0]);
        assert_eq!((cosine.rate(25) * 1e6).round(), 682_843.0);
    }

    #[test]
    fn minimum_is_kept_and_reached() {
        let step = Schedule { minimum: 0.1, ..schedule(Decay::Step { factor: 0.25, at: vec![0.25, 0.5] }) };
        assert_eq!(rates(&step, [0, 25, 50, 99]), [0.8, 0.2, 0.1, 0.1]);
        let poly = Schedule { minimum: 0.1, ..schedule(Decay::Poly { power: 1.0 }) };
        assert_eq!(rates(&poly, [0, 50, 100, 150]), [0.8, 0.45, 0.1, 0.1]);
    }

    #[test]
    fn warm_up_is_linear() {
        let warm = Schedule { warmup: 4, ..schedule(Decay::Constant) };
        assert_eq!(rates(&warm, [0, 1, 3, 4]), [0.2, 0.4, 0.8, 0.8]);
        let both = Schedule { warmup: 60, ..schedule(Decay::Step { factor: 0.5, at: vec![0.3] }) };
        assert_eq!(rates(&both, [29, 30, 59, 60]), [0.4, 0.206667, 0.4, 0.4]);
    }

    #[test]
    fn nothing_to_train_has_a_rate() {
        assert_eq!(Schedule { total: 0, ..schedule(Decay::Cosine) }.rate(0), 0.8);
    }
}
