//! From a float network to what the parties run: a plan, which is public, and integer weights, which are the server's secret.
//!
//! [`compile`] takes a [`Graph`] and calibration pictures, chooses the cheapest [`Format`] whose outputs are close to the
//! float network's ([`Criterion`]), and says in a [`Report`] what it chose and what that costs.
//! [`simulate::Simulator`] computes in the clear, mask for mask, what the three parties would.
//!
//! ```
//! use brelu_compile::{CompileOptions, Format, compile, simulate};
//! use brelu_core::plan::{ColourOrder, Plan};
//! use brelu_data::Preprocess;
//!
//! let network = brelu_networks::zoo::build("resnet8")?;
//! let pictures: Vec<Vec<u8>> = (0..4).map(|at| (0..3 * 32 * 32).map(|i| (i * (at + 3) % 251) as u8).collect()).collect();
//! let preprocess = Preprocess { divide_by: 255.0, ..Preprocess::raw(32, 32, ColourOrder::Rgb) };
//! let format = Some(Format { narrow: 18, fraction: 14, window: 11 });
//! let options = CompileOptions { format, ..CompileOptions::new(preprocess) };
//! let compiled = compile(&network, &pictures, &options, &mut |_| ())?;
//!
//! let plan = Plan::parse(&compiled.plan)?;
//! let input = simulate::quantise_input(&plan.header().preprocess, 32 * 32, &pictures[0]);
//! let scores = simulate::run(&plan, &compiled.weights, &input, 0)?;
//! println!("{} round trips, first score {}", compiled.report.round_trips, scores[0] as f32 * plan.header().output_scale);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On the way, a file each:
//!
//! 1. `fit`: smooth functions become piecewise-linear ones, fitted to their inputs on sample images;
//! 2. `lower`: operations of the graph become operations of plans, still with real numbers;
//! 3. `widths`, `order`: which tensors live in which ring, where rings are extended, what shares a round trip;
//! 4. `calibrate`: how large values get on sample images, with the blocks of the block spec;
//! 5. `untie`, `ties`, `products`, `scales`, `margin`: which channels share a scale, which scales follow from others, and the
//!    finest scales with which all ranges hold;
//! 6. `function`, `quantise`, `drift`: integers, the positions of comparison windows, and what these take away on average;
//! 7. `model`, `search`, `criterion`: the front of formats, and the one whose answers are worth its bytes;
//! 8. `answer`, `exact`: only labels are opened, or scores without rounding.

#![forbid(unsafe_code)]

mod answer;
mod calibrate;
mod criterion;
mod drift;
mod error;
mod exact;
mod expect;
mod fit;
mod format;
mod function;
mod lower;
mod margin;
mod model;
mod net;
mod noise;
mod order;
mod products;
mod prune;
mod quality;
mod quantise;
mod report;
mod run;
mod scales;
mod search;
pub mod simulate;
mod spec;
mod subject;
mod ties;
mod untie;
mod widths;
mod windows;

pub use answer::{LabelOptions, LabelReport};
pub use criterion::{CLOSE, Criterion, FLOOR, LOOSE, UNSURE};
pub use error::CompileError;
pub use fit::{FitOptions, FitReport};
pub use format::Format;
pub use quality::Quality;
pub use report::{ActivationReport, LinearReport, Report};
pub use search::Point;
pub use spec::BlockSpec;
pub use subject::Trial;

use brelu_core::cost;
use brelu_core::plan::{self, Plan};
use brelu_host::weights::Weights;

use self::calibrate::calibrate;
use self::margin::Margin;
use self::quality::Reference;
use self::quantise::Names;
use self::search::Found;
use self::subject::Subject;
use self::ties::Ties;
use brelu_data::Preprocess;
use brelu_networks::graph::Graph;

/// How to compile.
#[derive(Clone, Debug)]
pub struct CompileOptions {
    /// How pictures become the input of the network. Its shape must be the network's input.
    pub preprocess: Preprocess,
    /// Names of the outputs; may be empty.
    pub labels: Vec<String>,
    /// How many leading outputs no label belongs to.
    pub class_offset: u32,
    /// Calibrated magnitudes times this factor, and times one for how few values were seen, must fit comparison windows:
    /// 1 to 16.
    pub margin: f32,
    /// The format; searched for if there is none.
    pub format: Option<Format>,
    /// What a format must reach.
    pub criterion: Criterion,
    /// How smooth functions become piecewise linear.
    pub fit: FitOptions,
    /// That only labels are opened; scores are if there is nothing here.
    pub answer: Option<LabelOptions>,
    /// Block sizes; one decision a pixel by default.
    pub spec: BlockSpec,
    /// Seed of the simulated masks.
    pub seed: u64,
}

impl CompileOptions {
    /// Every ReLU, no labels, a margin of 1, a searched format, scores as the answer.
    pub fn new(preprocess: Preprocess) -> Self {
        Self {
            preprocess,
            labels: Vec::new(),
            class_offset: 0,
            margin: 1.0,
            format: None,
            criterion: Criterion::default(),
            fit: FitOptions::default(),
            answer: None,
            spec: BlockSpec::default(),
            seed: 0,
        }
    }
}

/// What differences of scores may be when labels are chosen, in parts of the largest on calibration images.
const DIFFERENCES: f32 = 1.75;

/// How far a compilation is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// Calibration images done.
    Calibrated {
        /// Images done.
        done: usize,
        /// All images.
        of: usize,
    },
    /// Widths whose part in the error is known.
    Probed {
        /// Widths measured.
        done: usize,
        /// All widths.
        of: usize,
    },
    /// A format was tried.
    Trial(Trial),
}

/// A compiled network.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The plan file: public.
    pub plan: Vec<u8>,
    /// The integers that belong to it: the server's secret.
    pub weights: Weights,
    /// What was chosen, and why.
    pub report: Report,
}

/// Compiles `graph`, calibrated on `pixels`: images that have the input's size, plane by plane, as
/// [`Preprocess::pixels`] gives them. 64 images are enough for small pictures.
///
/// # Errors
/// If the network cannot be expressed as a plan, images, block sizes or options do not fit it, or its outputs on the images
/// are not close to the float network's ([`Criterion`]).
pub fn compile(
    graph: &Graph,
    pixels: &[Vec<u8>],
    options: &CompileOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Compiled, CompileError> {
    let real = checked_preprocess(graph, options)?;
    check_labels(options)?;
    options.answer.map_or(Ok(()), |answer| answer::check(&answer, graph.output_shape()))?;
    let images: Vec<Vec<f32>> = pixels.iter().map(|pixels| options.preprocess.normalise(pixels)).collect();
    let fitted = fit::fit(graph, &images, options)?;
    let piecewise = fitted.as_ref().map_or(graph, |fitted| &fitted.graph);
    let (widened, output) = widths::assign(&prune::prune(lower::lower(piecewise, &options.spec)?)?);
    let mut net = order::by_depth(widened, output);
    let report = |done| progress(Progress::Calibrated { done, of: pixels.len() });
    let mut calibration = calibrate(&net, &images, report)?;
    expect::widen(&net, &mut calibration.seen);
    let margin = Margin { times: options.margin, images: pixels.len() };
    calibrate::drop_unreached_knots(&mut net, &calibration.seen, margin);
    untie::untie(&mut net, &mut calibration.seen)?;
    let reference = Reference::of(&calibration.outputs, net.shape(net.output()));
    let mut criterion = options.criterion;
    if noise::has_blocks(&net) {
        let (outputs, seed) = (&calibration.outputs, options.seed);
        let noise = noise::sensitivity(&net, &options.preprocess, pixels, outputs, seed)?;
        criterion = criterion.beside(reference.compare(&noise).quality());
    }
    let fits = match fitted {
        Some(fitted) => {
            calibration.outputs = fitted.outputs;
            fitted.reports
        }
        None => Vec::new(),
    };
    let labels = options.labels.join("\n");
    let subject = Subject {
        net: &net,
        calibration: &calibration,
        reference,
        criterion,
        pixels,
        names: Names {
            network: &graph.name,
            labels: &labels,
            class_offset: options.class_offset,
            preprocess: &real,
            interpolation: graph.interpolation,
            margin,
        },
        spec: &options.spec,
        seed: options.seed,
    };
    let compiled = finish(&subject, options, progress)?;
    Ok(Compiled { report: Report { fits, ..compiled.report }, ..compiled })
}

/// Whether `graph` can be expressed as a plan, as far as its operations say; ranges and formats are not known without images.
///
/// # Errors
/// As [`compile`], of the network alone.
pub fn check(graph: &Graph) -> Result<(), CompileError> {
    let (widened, output) = widths::assign(&prune::prune(lower::lower(graph, &BlockSpec::default())?)?);
    Ties::new(&order::by_depth(widened, output), ties::USUAL).map(|_| ())
}

fn finish(
    subject: &Subject<'_>,
    options: &CompileOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Compiled, CompileError> {
    let found = match options.format {
        Some(format) => fixed(subject, format, progress)?,
        None => search::search(subject, progress)?,
    };
    let Found { chosen, windows, trials, front, aim } = found;
    subject.criterion.check(&chosen.quality, options.format.is_none())?;
    let built = subject.build(chosen.format, &windows)?;
    // Labels are chosen among rounded scores, which nobody sees.
    let (file, weights, is_exact) = match options.answer {
        Some(_) => (built.0, built.1, false),
        None => scores(built)?,
    };
    let plan = Plan::parse(&file)?;
    let scales = subject.scales(chosen.format)?;
    let report = Report {
        format: chosen.format,
        margin: options.margin,
        criterion: subject.criterion,
        chosen,
        aim,
        trials,
        front,
        exact: is_exact,
        round_trips: report::round_trips(&plan),
        activations: report::activations(&plan, subject.net, &scales, &subject.calibration.seen),
        linears: report::linears(&plan, &weights),
        fits: Vec::new(),
        labels: None,
    };
    let Some(answer) = &options.answer else { return Ok(Compiled { plan: file, weights, report }) };
    let (beside, ..) = self::scores((file.clone(), weights.clone()))?;
    let beside = cost::total(&Plan::parse(&beside)?);
    let (scores, margin) = (subject.outputs(&plan, &weights)?, DIFFERENCES * options.margin);
    let (file, weights, labels) = answer::labels(answer, (&plan, weights), &scores, margin, &beside)?;
    let round_trips = report::round_trips(&Plan::parse(&file)?);
    Ok(Compiled { plan: file, weights, report: Report { round_trips, labels: Some(labels), ..report } })
}

/// The one format that is given.
fn fixed(
    subject: &Subject<'_>,
    format: Format,
    progress: &mut dyn FnMut(Progress),
) -> Result<Found, CompileError> {
    format.check().map_err(|error| CompileError::Option(error.to_string()))?;
    let windows = subject.uniform(format);
    let (chosen, _) = subject.trial(format, &windows)?;
    progress(Progress::Trial(chosen));
    Ok(Found { chosen, windows, trials: vec![chosen], front: Vec::new(), aim: None })
}

/// Plan and weights with exact scores where that is possible, and whether it is.
fn scores((file, weights): (Vec<u8>, Weights)) -> Result<(Vec<u8>, Weights, bool), CompileError> {
    let exact = exact::exact(&Plan::parse(&file)?, &weights)?;
    Ok(exact.map_or((file, weights, false), |(file, weights)| (file, weights, true)))
}

/// The preprocessing with real numbers, in the form of plans.
fn checked_preprocess(graph: &Graph, options: &CompileOptions) -> Result<plan::Preprocess, CompileError> {
    let refuse = |problem: String| Err(CompileError::Option(problem));
    if !(1.0..=16.0).contains(&options.margin) {
        return refuse(format!("the margin {} is not between 1 and 16", options.margin));
    }
    let from = &options.preprocess;
    if let Err(error) = from.check() {
        return refuse(format!("the preprocessing is impossible: {error}"));
    }
    if from.shape() != graph.input_shape() {
        let (given, wanted) = (from.shape(), graph.input_shape());
        return refuse(format!(
            "the preprocessing gives {given:?}, the network takes {wanted:?}: change its sizes"
        ));
    }
    let mut affine = heapless::Vec::new();
    for (mul, add) in (0..from.shape().channels as usize).filter_map(|channel| from.scale_shift(channel)) {
        if affine.push([mul, add]).is_err() {
            break;
        }
    }
    Ok(plan::Preprocess { fit: from.fit, order: from.channels, affine })
}

fn check_labels(options: &CompileOptions) -> Result<(), CompileError> {
    match options.labels.iter().find(|label| label.contains('\n')) {
        Some(label) => Err(CompileError::Option(format!("the label {label:?} has a line break: remove it"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
