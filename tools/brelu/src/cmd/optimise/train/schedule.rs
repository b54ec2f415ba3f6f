use std::time::Duration;

use brelu_learn::training::{DEFAULT, Decay, Length, Recipe, Schedule, recipes};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use super::lengths::{amount, length, minutes, positive};
use crate::cmd::arguments;

/// How long a training is, and its learning rates; what is not given is the recipe's.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Length and learning rate")]
pub(super) struct LengthArgs {
    /// The training to begin with, a row of the table below
    #[arg(long, value_name = "NAME", default_value = DEFAULT, value_parser = names(), hide_possible_values = true)]
    recipe: String,

    /// Passes over the training images
    #[arg(long, value_name = "N", value_parser = positive, conflicts_with_all = ["iterations", "minutes"])]
    epochs: Option<f64>,

    /// Steps
    #[arg(long, value_name = "N", value_parser = arguments::positive, conflicts_with = "minutes")]
    iterations: Option<usize>,

    /// As many steps as fit this time on this machine, as measured at the start
    #[arg(long, value_name = "N", value_parser = minutes)]
    minutes: Option<f64>,

    /// The learning rate after the warm-up
    #[arg(long, value_name = "RATE", value_parser = positive)]
    rate: Option<f64>,

    /// How the learning rate falls
    #[arg(long, value_name = "SHAPE")]
    schedule: Option<Shape>,

    /// For --schedule step: when, in epochs or as 1000it iterations
    #[arg(long, value_name = "WHEN", value_delimiter = ',', value_parser = length)]
    milestones: Vec<Length>,

    /// For --schedule step: what the learning rate is multiplied with
    #[arg(long, value_name = "X", default_value = "0.1", value_parser = positive)]
    factor: f64,

    /// For --schedule poly: its exponent
    #[arg(long, value_name = "X", default_value = "0.9", value_parser = positive)]
    power: f64,

    /// How long the learning rate rises at first, in epochs or as 1000it iterations
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    warm_up: Option<Length>,

    /// The learning rate does not fall below this
    #[arg(long, value_name = "RATE", value_parser = amount)]
    minimum: Option<f64>,
}

/// The decays by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    Constant,
    Step,
    Poly,
    Cosine,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(recipes().into_iter().map(|recipe| recipe.name))
}

impl LengthArgs {
    /// The recipe without changes.
    pub(super) fn recipe(&self) -> Recipe {
        let mut all = recipes();
        let at = all.iter().position(|recipe| recipe.name == self.recipe).unwrap_or(0);
        all.swap_remove(at)
    }

    pub(super) fn minutes(&self) -> Option<Duration> {
        self.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0))
    }

    /// The learning rates of `steps`, by default of as many as are asked for.
    pub(super) fn schedule(&self, steps: Option<u64>, steps_an_epoch: u64) -> Schedule {
        let recipe = self.recipe();
        let length = match (self.epochs, self.iterations) {
            (Some(epochs), _) => Length::Epochs(epochs),
            (_, Some(iterations)) => Length::Steps(iterations as u64),
            _ => recipe.length,
        };
        let total = steps.unwrap_or_else(|| length.steps(steps_an_epoch));
        self.stretched(&recipe, total, steps_an_epoch)
    }

    fn stretched(&self, recipe: &Recipe, total: u64, steps_an_epoch: u64) -> Schedule {
        let steps = |length: Length| match length {
            Length::Epochs(0.0) => 0,
            length => length.steps(steps_an_epoch),
        };
        let warmup = match self.warm_up {
            Some(length) => steps(length),
            None => (recipe.warmup * total as f64).round() as u64,
        };
        let decay = match self.schedule {
            None => recipe.decay.clone(),
            Some(Shape::Constant) => Decay::Constant,
            Some(Shape::Cosine) => Decay::Cosine,
            Some(Shape::Poly) => Decay::Poly { power: self.power },
            Some(Shape::Step) => {
                let at = self.milestones.iter().map(|when| steps(*when) as f64 / total.max(1) as f64);
                Decay::Step { factor: self.factor, at: at.collect() }
            }
        };
        let peak = self.rate.unwrap_or(recipe.rate);
        let minimum = self.minimum.unwrap_or(recipe.minimum).min(peak);
        Schedule { peak, decay, warmup, minimum, total }
    }
}
