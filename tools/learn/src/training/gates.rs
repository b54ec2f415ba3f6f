use serde::{Deserialize, Serialize};

use super::Schedule;
use crate::interpreter::Decisions;

/// How blocks decide in training; validation always decides hard. Widths are in units of the values that are decided:
/// batch norms give them a standard deviation of about 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Gates {
    /// Hard, without a gradient, as in arXiv 2304.10442.
    Constant,
    /// Hard, with the gradient of a sigmoid of the block's mean.
    StraightThrough {
        /// [`Decisions::StraightThrough`]'s.
        width: f32,
    },
    /// A sigmoid of the block's mean that narrows linearly to a hard decision.
    Annealed {
        /// [`Decisions::Annealed`]'s, at the start.
        width: f32,
        /// Share of the training after which decisions are hard.
        share: f64,
    },
}

impl Gates {
    /// How blocks decide in a step.
    pub fn at(&self, step: u64, schedule: &Schedule) -> Decisions {
        match *self {
            Self::Constant => Decisions::Constant,
            Self::StraightThrough { width } => Decisions::StraightThrough { width },
            Self::Annealed { width, share } => {
                let soft = share * schedule.total as f64;
                let left = if soft > 0.0 { (1.0 - step as f64 / soft).max(0.0) } else { 0.0 };
                match left as f32 * width {
                    0.0 => Decisions::Constant,
                    width => Decisions::Annealed { width },
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Decay;

    #[test]
    fn soft_decisions_harden() {
        let schedule = Schedule { peak: 1.0, decay: Decay::Constant, warmup: 0, minimum: 0.0, total: 100 };
        let gates = Gates::Annealed { width: 0.5, share: 0.4 };
        let at = |step| gates.at(step, &schedule);
        assert_eq!(at(0), Decisions::Annealed { width: 0.5 });
        assert_eq!(at(20), Decisions::Annealed { width: 0.25 });
        assert_eq!((at(40), at(99)), (Decisions::Constant, Decisions::Constant));
        assert_eq!(Gates::Annealed { width: 0.5, share: 0.0 }.at(0, &schedule), Decisions::Constant);
        let straight = Gates::StraightThrough { width: 0.1 };
        assert_eq!(straight.at(50, &schedule), Decisions::StraightThrough { width: 0.1 });
    }
}
