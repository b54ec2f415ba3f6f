//! The trainings of arXiv 2304.10442 and its reference implementation, as rows of a table.

use super::{Augmentation, Decay};

/// How long a training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Passes over the training images.
    Epochs(f64),
    /// Batches.
    Steps(u64),
}

impl Length {
    /// As steps, at least one.
    pub fn steps(self, steps_an_epoch: u64) -> u64 {
        match self {
            Self::Epochs(epochs) => ((epochs * steps_an_epoch as f64).round() as u64).max(1),
            Self::Steps(steps) => steps.max(1),
        }
    }
}

/// A training whose parts keep their shares of it when it is made longer or shorter. Momentum is 0.9.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// What users call it.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// The learning rate after the warm-up.
    pub rate: f64,
    /// How it falls.
    pub decay: Decay,
    /// Share of the training that is warm-up.
    pub warmup: f64,
    /// The rate does not fall below this.
    pub minimum: f64,
    /// How long it is.
    pub length: Length,
    /// Images a step.
    pub batch: usize,
    /// Weight decay.
    pub weight_decay: f64,
    /// How images are changed.
    pub augmentation: Augmentation,
    /// Whether max-pooling becomes average pooling first.
    pub average_pool: bool,
    /// Whether bounded ReLUs become unbounded first.
    pub relu: bool,
}

/// The recipe if no other is named: for networks that are trained already.
pub const DEFAULT: &str = "finetune";

/// All recipes.
pub fn recipes() -> Vec<Recipe> {
    let small = Augmentation { padding: 4, flip: true };
    let flip = Augmentation { padding: 0, flip: true };
    let finetune = Recipe {
        name: DEFAULT,
        about: "cosine from 5e-3 over 20 epochs, 1 of warm-up",
        rate: 5e-3,
        decay: Decay::Cosine,
        warmup: 1.0 / 20.0,
        minimum: 0.0,
        length: Length::Epochs(20.0),
        batch: 128,
        weight_decay: 1e-4,
        augmentation: small,
        average_pool: false,
        relu: false,
    };
    let step = |factor, at: &[f64], epochs: f64| Decay::Step {
        factor,
        at: at.iter().map(|epoch| epoch / epochs).collect(),
    };
    let poly = Recipe {
        rate: 5e-4,
        weight_decay: 5e-4,
        decay: Decay::Poly { power: 0.9 },
        minimum: 1e-4,
        batch: 16,
        augmentation: flip,
        ..finetune.clone()
    };
    vec![
        finetune.clone(),
        Recipe {
            name: "imagenet-pool",
            about: "max- to average pooling: 15 epochs at 1e-4",
            rate: 1e-4,
            decay: Decay::Constant,
            warmup: 1.0 / 15.0,
            length: Length::Epochs(15.0),
            batch: 256,
            augmentation: flip,
            average_pool: true,
            ..finetune.clone()
        },
        Recipe {
            name: "imagenet-block",
            about: "blocks: 25 epochs from 5e-3, a quarter at 12, 18 and 22",
            decay: step(0.25, &[12.0, 18.0, 22.0], 25.0),
            warmup: 0.0,
            minimum: 1e-4,
            length: Length::Epochs(25.0),
            batch: 256,
            augmentation: flip,
            ..finetune.clone()
        },
        Recipe {
            name: "cifar-baseline",
            about: "from scratch: 200 epochs from 0.1, a fifth at 60, 120 and 160",
            rate: 0.1,
            weight_decay: 1e-3,
            decay: step(0.2, &[60.0, 120.0, 160.0], 200.0),
            warmup: 0.0,
            length: Length::Epochs(200.0),
            ..finetune.clone()
        },
        Recipe {
            name: "cifar-block",
            about: "blocks: 120 epochs from 5e-3, a quarter at 30, 60 and 90, 5 of warm-up",
            weight_decay: 1e-3,
            decay: step(0.25, &[30.0, 60.0, 90.0], 120.0),
            warmup: 5.0 / 120.0,
            length: Length::Epochs(120.0),
            ..finetune
        },
        Recipe {
            name: "ade-block",
            about: "blocks, ReLU6 to ReLU: 40,000 iterations from 5e-4, poly",
            warmup: 1.0 / 40.0,
            length: Length::Steps(40_000),
            relu: true,
            ..poly.clone()
        },
        Recipe {
            name: "voc-pool",
            about: "max- to average pooling: 3,000 iterations at 1e-4",
            rate: 1e-4,
            decay: Decay::Constant,
            warmup: 0.0,
            minimum: 0.0,
            length: Length::Steps(3000),
            average_pool: true,
            ..poly.clone()
        },
        Recipe {
            name: "voc-block",
            about: "blocks: 20,000 iterations from 5e-4, poly",
            warmup: 1.0 / 20.0,
            length: Length::Steps(20_000),
            ..poly
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Schedule;

    /// Rates of the recipe at these steps, with 100 steps an epoch.
    fn rates<const N: usize>(name: &str, steps: [u64; N]) -> [f64; N] {
        let recipe = recipes().into_iter().find(|recipe| recipe.name == name).unwrap();
        let total = recipe.length.steps(100);
        let warmup = (recipe.warmup * total as f64).round() as u64;
        let schedule =
            Schedule { peak: recipe.rate, decay: recipe.decay, warmup, minimum: recipe.minimum, total };
        steps.map(|step| (schedule.rate(step) * 1e8).round() / 1e8)
    }

    #[test]
    fn rows_of_the_table() {
        assert_eq!(rates("imagenet-pool", [0, 99, 1499]), [1e-6, 1e-4, 1e-4]);
        let block = [5e-3, 1.25e-3, 3.125e-4, 1e-4];
        assert_eq!(rates("imagenet-block", [1199, 1200, 1800, 2200]), block);
        assert_eq!(rates("cifar-baseline", [0, 5999, 6000, 12_000, 16_000]), [0.1, 0.1, 0.02, 4e-3, 8e-4]);
        assert_eq!(rates("cifar-block", [499, 2999, 3000, 9000]), [5e-3, 5e-3, 1.25e-3, 7.813e-5]);
        assert_eq!(rates("ade-block", [0, 999, 40_000]), [5e-7, 4.91e-4, 1e-4]);
        assert_eq!(rates("voc-pool", [0, 2999]), [1e-4, 1e-4]);
        assert_eq!(rates("voc-block", [10_000, 20_000])[1], 1e-4);
    }

    #[test]
    fn names_differ() {
        let mut names: Vec<_> = recipes().into_iter().map(|recipe| recipe.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), recipes().len());
        assert_eq!((Length::Epochs(0.001).steps(10), Length::Steps(0).steps(9)), (1, 1));
        assert_eq!(Length::Epochs(2.5).steps(10), 25);
    }
}
