//! Options of compilation, shared by `compile` and `demo`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use brelu::report::Bar;
use brelu_compile::{
    self, BlockSpec, CompileOptions, Compiled, FitOptions, Format, LabelOptions, Progress, Trial,
};
use brelu_core::format::WINDOW;
use brelu_data::Preprocess;
use brelu_data::scores::classes;
use brelu_networks::blocks::Spec;
use brelu_networks::graph::Graph;

use brelu_networks::numbers::bytes;
use clap::{Args, Parser};

use super::arguments::{bits, positive};
use super::calibration::{Calibration, Selection};
use super::labelling::read_names;

/// How a network is compiled.
#[derive(Clone, Debug, PartialEq, Args)]
pub(crate) struct CompileArgs {
    /// Images to calibrate on: a folder of pictures, a file of CIFAR records, or `shapes:train` (generated)
    #[arg(long, value_name = "IMAGES")]
    pub(crate) calibrate: Option<PathBuf>,

    /// Calibrate on generated images instead: for cost studies of networks without data
    #[arg(long, conflicts_with = "calibrate")]
    pub(crate) generated_images: bool,

    /// Most calibration images
    #[arg(long, value_name = "N", default_value = "64", value_parser = positive)]
    images_count: usize,

    /// Images left out before the first calibration image
    #[arg(long, value_name = "N", default_value = "0")]
    images_skip: usize,

    /// Take every N-th image [default: spread evenly over all images]
    #[arg(long, value_name = "N", value_parser = positive)]
    images_step: Option<usize>,

    /// Names of the classes, one a line; a network with one output has two classes [default: labels.txt beside the calibration
    /// images, or their sub-folders in alphabetical order, if there is one for every class]
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,

    /// Outputs before the first class (1 for networks with a background class)
    #[arg(long, value_name = "N", default_value = "0")]
    class_offset: u32,

    /// Room that values have beyond what calibration showed, in parts of what the number of images and the size of each map
    /// ask for: 1 to 16 [default: 1]
    #[arg(long, value_name = "X")]
    margin: Option<f32>,

    /// Share of the answers a searched format has to keep, as in 97%; the cheapest that does is taken [default: 96 % or more, if
    /// outputs are as close as --tolerance says]
    #[arg(long, value_name = "SHARE", conflicts_with = "bits", value_parser = share)]
    agreement: Option<f32>,

    /// Largest error of the outputs a searched format may have in the median picture, relative to their spread; the cheapest
    /// that has no larger one is taken [default: 0.025, or one and a half times that of the finest format if that is more]
    #[arg(long, value_name = "X", conflicts_with = "bits")]
    tolerance: Option<f32>,

    /// Take outputs that are not close to the float network's: with errors of up to this in the median picture, relative to
    /// their spread, whatever happens to answers
    #[arg(long, value_name = "X")]
    accept_error: Option<f32>,

    /// Fix the bits K of activations and accumulators, instead of searching: up to 32
    #[arg(long, value_name = "K", requires = "fraction", requires = "window")]
    bits: Option<u8>,

    /// Fix the fraction bits f that linear layers drop: 1 to 16, less than K
    #[arg(long, value_name = "F", requires = "bits")]
    fraction: Option<u8>,

    /// Fix the width w of comparisons, in bits: 2 to 11
    #[arg(long, value_name = "W", requires = "bits")]
    window: Option<u8>,

    /// Give smooth functions (sigmoid, SiLU, GELU and their kin) at most N knots each, whatever that makes of the outputs: 2 to
    /// 16. Every knot costs a decision a pixel [default: 6, and more where outputs would be off by more than six tenths of
    /// --tolerance]
    #[arg(long, value_name = "N", conflicts_with = "fit_error")]
    knots: Option<usize>,

    /// Give smooth functions as few knots, from 6 on, as leave at most this error: the root mean square for the inputs that
    /// calibration sees, relative to the deviation of the layer's outputs
    #[arg(long, value_name = "X")]
    fit_error: Option<f32>,

    /// What the client learns: all scores, the label of the largest one, or the labels of the N largest in order. For labels the
    /// scores meet under the protocol, and nothing but indices is opened; of a map of scores one for each of its pixels
    #[arg(long, value_name = "scores|label|top:N", default_value = "scores", value_parser = answer)]
    answer: AnswerArg,

    /// Fix the width of the comparisons of labels, in bits: 2 to 11 [default: 11, or fewer where their tables would be more
    /// than a hundredth of the traffic and the labels stay the same]
    #[arg(long, value_name = "W", value_parser = bits(WINDOW))]
    label_window: Option<u8>,

    /// Block sizes: a spec, as `brelu knapsack` writes it [default: one decision a pixel]
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
}

/// How many labels are opened; none if scores are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct AnswerArg(Option<u32>);

/// A share of all, as 97% or .97.
fn share(text: &str) -> Result<f32, String> {
    let number = |text: &str| text.trim().parse::<f32>().ok();
    let share = match text.strip_suffix('%') {
        Some(percents) => number(percents).map(|percents| percents / 100.0),
        None => number(text),
    };
    let problem = || format!("{text} is no share of the answers: give one between 0 and 1, or as in 97%");
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(problem)
}

fn answer(text: &str) -> Result<AnswerArg, String> {
    match (text, text.strip_prefix("top:")) {
        ("scores", _) => Ok(AnswerArg(None)),
        ("label", _) => Ok(AnswerArg(Some(1))),
        (_, Some(count)) => match count.parse() {
            Ok(count) if count > 0 => Ok(AnswerArg(Some(count))),
            _ => Err(format!("{count} is no number of labels: give one of at least 1, as in top:5")),
        },
        _ => Err("an answer is scores, label, or top:N with a number of labels N".into()),
    }
}

/// The options when none is given.
#[derive(Debug, Parser)]
struct Defaults {
    #[command(flatten)]
    args: CompileArgs,
}

impl CompileArgs {
    /// The path of the block sizes.
    pub(crate) fn spec(&self) -> Option<&Path> {
        self.spec.as_deref()
    }

    /// Whether any of the options was given another value than its default.
    pub(crate) fn is_given(&self) -> bool {
        *self != Defaults::parse_from([""]).args
    }

    /// The images to calibrate on.
    pub(crate) fn calibration(&self, preprocess: &Preprocess) -> Result<Calibration> {
        let selection =
            Selection { count: self.images_count, skip: self.images_skip, step: self.images_step };
        match &self.calibrate {
            Some(path) => Calibration::read(path, preprocess, selection),
            None if self.generated_images => Ok(Calibration::generated(preprocess, self.images_count)),
            None => bail!(
                "there is nothing to calibrate on: give --calibrate and a folder of pictures like those the network \
                 will see, or a file of CIFAR records"
            ),
        }
    }

    /// Compiles, with a progress bar.
    pub(crate) fn compile(
        &self,
        graph: &Graph,
        preprocess: Preprocess,
        calibration: &Calibration,
    ) -> Result<Compiled> {
        let options = self.options(graph, preprocess, calibration)?;
        let mut follow = Follow::new(calibration.pixels.len());
        Ok(brelu_compile::compile(graph, &calibration.pixels, &options, &mut |progress| {
            follow.show(progress)
        })?)
    }

    /// How many classes the network has, and their names as far as they are known.
    pub(crate) fn names(&self, graph: &Graph, calibration: &Calibration) -> Result<(usize, Vec<String>)> {
        let count = classes(graph.output_shape().channels).saturating_sub(self.class_offset) as usize;
        let names = match &self.labels {
            Some(path) => read_names(path, count)?,
            None if calibration.classes.len() == count => calibration.classes.clone(),
            None => Vec::new(),
        };
        Ok((count, names))
    }

    fn options(
        &self,
        graph: &Graph,
        preprocess: Preprocess,
        calibration: &Calibration,
    ) -> Result<CompileOptions> {
        let mut options = CompileOptions::new(preprocess);
        options.class_offset = self.class_offset;
        options.labels = self.names(graph, calibration)?.1;
        options.margin = self.margin.unwrap_or(options.margin);
        options.criterion.error = self.tolerance;
        options.criterion.agreement = self.agreement;
        // Ranges of generated images are for cost studies, which nobody takes answers from.
        let any = self.generated_images.then_some(f32::INFINITY);
        options.criterion.accept_error = self.accept_error.or(any);
        if let (Some(bits), Some(fraction), Some(window)) = (self.bits, self.fraction, self.window) {
            options.format = Some(Format::from_fraction(bits, fraction, window)?);
        }
        options.fit = FitOptions { knots: self.knots, error: self.fit_error };
        ensure!(
            self.answer.0.is_some() || self.label_window.is_none(),
            "--label-window is for labels: give --answer label or --answer top:N with it"
        );
        options.answer = self.answer.0.map(|count| LabelOptions { count, window: self.label_window });
        if let Some(path) = &self.spec {
            let spec = Spec::read(path)?;
            spec.check_for(graph).with_context(|| path.display().to_string())?;
            options.spec = BlockSpec::from(&spec);
        }
        Ok(options)
    }
}

/// Shows how far a compilation is: as a bar, and in a log a line at the beginning of every part and every ten seconds.
struct Follow {
    bar: Bar,
    part: &'static str,
    last: Instant,
}

/// Time between two lines of a log.
const LOGGED: Duration = Duration::from_secs(10);

impl Follow {
    fn new(images: usize) -> Self {
        let part = "calibrating";
        let bar = Bar::new(images as u64, part);
        Self { bar, part, last: Instant::now() }
    }

    fn show(&mut self, progress: Progress) {
        match progress {
            Progress::Calibrated { done, of } => self.step(self.part, done, of),
            Progress::Probed { done, of } => {
                self.step("measuring what each width does to the outputs", done, of)
            }
            Progress::Trial(trial) => self.bar.log(tried(&trial)),
        }
    }

    fn step(&mut self, part: &'static str, done: usize, of: usize) {
        self.bar.at(done as u64, of as u64);
        if part != self.part {
            self.bar.log(part);
        } else if self.last.elapsed() >= LOGGED {
            self.bar.log(format!("{part}: {done} of {of}"));
        } else {
            return;
        }
        (self.part, self.last) = (part, Instant::now());
    }
}

/// A format that was tried.
fn tried(trial: &Trial) -> String {
    let (Format { window, .. }, quality) = (trial.format, trial.quality);
    let (wide, size) = (trial.format.wide(), bytes(trial.bits / 8));
    let (error, different) = (quality.error * 100.0, quality.expected_different * 100.0);
    format!("K {wide}, w up to {window}: {size}, error {error:.1} %, {different:.1} % of answers differ")
}
