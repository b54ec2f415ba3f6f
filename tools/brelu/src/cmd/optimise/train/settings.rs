use std::time::Duration;

use anyhow::{Result, ensure};
use brelu_core::format::{FRACTION, Format, RING, WINDOW};
use brelu_learn::interpreter::FixedPoint;
use brelu_learn::training::{Augmentation, Distillation, Gates, Loss, Options, Pace, Recipe, Sgd};
use clap::{Args, ValueEnum};

use super::lengths::{amount, part, positive, share};
use super::schedule::LengthArgs;
use crate::cmd::arguments::{self, bits};

/// What a training does, as options; what is not given is the recipe's.
#[derive(Clone, Debug, Args)]
pub(super) struct Settings {
    #[command(flatten)]
    length: LengthArgs,

    /// Images a step
    #[arg(long, value_name = "N", value_parser = arguments::positive, help_heading = "Steps")]
    batch: Option<usize>,

    /// Share of the last step that the next one keeps
    #[arg(long, value_name = "X", default_value = "0.9", value_parser = part, help_heading = "Steps")]
    momentum: f64,

    /// Look ahead by the momentum (Nesterov)
    #[arg(long, help_heading = "Steps")]
    nesterov: bool,

    /// How strongly weights are pulled to zero; norms and biases are not
    #[arg(long, value_name = "X", value_parser = amount, help_heading = "Steps")]
    weight_decay: Option<f64>,

    /// Largest norm of all gradients together
    #[arg(long, value_name = "NORM", value_parser = positive, help_heading = "Steps")]
    clip: Option<f64>,

    /// What a batch counts for in the running means and variances of batch norms
    #[arg(long, value_name = "X", default_value = "0.1", value_parser = share, help_heading = "Steps")]
    norm_momentum: f64,

    /// Batch norms keep their running means and variances, and use them
    #[arg(long, help_heading = "Steps")]
    freeze_norms: bool,

    /// How blocks learn to decide: constant (decisions have no gradient, as in the paper), straight-through (the gradient
    /// of a sigmoid of the block's mean), or annealed (that sigmoid itself at first)
    #[arg(long, value_name = "HOW", default_value = "constant", help_heading = "Blocks")]
    decisions: How,

    /// For straight-through and annealed decisions: block means of about this size count as undecided
    #[arg(long, value_name = "X", default_value = "0.25", value_parser = positive, help_heading = "Blocks")]
    width: f64,

    /// For annealed decisions: share of the training after which they are hard
    #[arg(long, value_name = "X", default_value = "0.5", value_parser = share, help_heading = "Blocks")]
    anneal: f64,

    /// Learn with the errors of a plan's fixed point: units, truncations and comparison windows of --bits, --fraction and
    /// --window
    #[arg(long, help_heading = "Fixed point")]
    quantise: bool,

    /// For --quantise: the ring's width K in bits
    #[arg(long, value_name = "K", default_value = "24", value_parser = bits(6..=*RING.end()), help_heading = "Fixed point")]
    bits: u8,

    /// For --quantise: bits that linear layers drop
    #[arg(long, value_name = "F", default_value = "12", value_parser = bits(FRACTION), help_heading = "Fixed point")]
    fraction: u8,

    /// For --quantise: bits of comparison windows
    #[arg(long, value_name = "W", default_value = "6", value_parser = bits(WINDOW), help_heading = "Fixed point")]
    window: u8,

    /// Share of each label that is spread over all classes
    #[arg(long, value_name = "X", default_value = "0", value_parser = part, help_heading = "Loss")]
    smoothing: f64,

    /// Learn from the outputs of the unmodified network as well
    #[arg(long, help_heading = "Loss")]
    distil: bool,

    /// For --distil: what outputs are divided by
    #[arg(long, value_name = "T", default_value = "4", value_parser = positive, help_heading = "Loss")]
    temperature: f64,

    /// For --distil: weight of the unmodified network, the labels have the rest
    #[arg(long, value_name = "X", default_value = "0.5", value_parser = share, help_heading = "Loss")]
    share: f64,

    /// For --distil: weight of what the unmodified network has inside, at the last activation of every resolution; 0 for
    /// its outputs only
    #[arg(long, value_name = "X", default_value = "0", value_parser = amount, help_heading = "Loss")]
    hints: f64,

    /// For --hints: share of the training after which they weigh nothing; their weight falls linearly until then [default:
    /// it stays]
    #[arg(long, value_name = "X", value_parser = share, help_heading = "Loss")]
    fade: Option<f64>,

    /// Pixels by which training images are moved at random, at most; 0 for not at all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1024), help_heading = "Changes of training images")]
    crop: Option<u32>,

    /// Do not mirror half of the training images
    #[arg(long, help_heading = "Changes of training images")]
    no_flip: bool,

    /// Seed of the order and changes of images, and of --init
    #[arg(long, value_name = "N", default_value = "0", help_heading = "Changes of training images")]
    pub(super) seed: u64,

    /// Epochs from one validation to the next
    #[arg(long, value_name = "N", default_value = "1", value_parser = arguments::positive, help_heading = "Records")]
    validate_every: usize,

    /// Steps from one line of the history to the next [default: ten an epoch]
    #[arg(long, value_name = "N", value_parser = arguments::positive, help_heading = "Records")]
    record_every: Option<usize>,
}

/// What ranges have room for beyond what is seen, as `brelu compile` has it.
const MARGIN: f32 = 1.75;

/// The gates by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum How {
    Constant,
    StraightThrough,
    Annealed,
}

impl Settings {
    pub(super) fn recipe(&self) -> Recipe {
        self.length.recipe()
    }

    pub(super) fn minutes(&self) -> Option<Duration> {
        self.length.minutes()
    }

    pub(super) fn batch(&self) -> usize {
        self.batch.unwrap_or(self.recipe().batch)
    }

    pub(super) fn augmentation(&self) -> Augmentation {
        let own = self.recipe().augmentation;
        Augmentation { padding: self.crop.unwrap_or(own.padding), flip: own.flip && !self.no_flip }
    }

    pub(super) const fn distils(&self) -> bool {
        self.distil
    }

    /// Steps that fit `time`, with the validations between them.
    pub(super) fn steps_within(&self, time: Duration, pace: Pace, steps_an_epoch: u64) -> u64 {
        let between = steps_an_epoch as f64 * self.validate_every as f64;
        let a_step = pace.step.as_secs_f64() + pace.validation.as_secs_f64() / between;
        let left = time.as_secs_f64() - pace.validation.as_secs_f64();
        (left / a_step.max(1e-9)).max(0.0) as u64
    }

    /// The constants of a training of `steps`, by default as many as are asked for.
    pub(super) fn options(&self, steps_an_epoch: u64, steps: Option<u64>) -> Options {
        let recipe = self.recipe();
        let distillation = Distillation {
            temperature: self.temperature,
            share: self.share,
            hints: self.hints,
            fade: self.fade,
        };
        Options {
            batch: self.batch(),
            seed: self.seed,
            schedule: self.length.schedule(steps, steps_an_epoch),
            sgd: Sgd {
                momentum: self.momentum,
                nesterov: self.nesterov,
                weight_decay: self.weight_decay.unwrap_or(recipe.weight_decay),
                clip: self.clip,
            },
            loss: Loss { smoothing: self.smoothing, distillation: self.distil.then_some(distillation) },
            gates: self.gates(),
            fixed: self.fixed(),
            norm_momentum: self.norm_momentum,
            freeze_norms: self.freeze_norms,
            validate_every: self.validate_every as u64,
            record_every: self.record_every.map_or((steps_an_epoch / 10).max(1), |every| every as u64),
        }
    }

    /// What only the CPU computes, and whether the format is possible.
    pub(super) fn check(&self, cpu: bool) -> Result<()> {
        let own = self.quantise || self.decisions != How::Constant;
        ensure!(cpu || !own, "--quantise and --decisions other than constant need --device cpu");
        match self.quantise {
            true => Ok(Format::from_fraction(self.bits, self.fraction, self.window).map(drop)?),
            false => Ok(()),
        }
    }

    fn fixed(&self) -> Option<FixedPoint> {
        let narrow = self.bits.saturating_sub(self.fraction);
        let point = FixedPoint { narrow, fraction: self.fraction, window: self.window, margin: MARGIN };
        self.quantise.then_some(point)
    }

    fn gates(&self) -> Gates {
        let width = self.width as f32;
        match self.decisions {
            How::Constant => Gates::Constant,
            How::StraightThrough => Gates::StraightThrough { width },
            How::Annealed => Gates::Annealed { width, share: self.anneal },
        }
    }
}
