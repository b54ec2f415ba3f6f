//! The cheapest format that keeps what the float network says.

use brelu_core::plan::Plan;
use brelu_host::weights::Weights;
use rayon::prelude::*;
use serde::Serialize;

use super::calibrate::Calibration;
use super::format::{Format, cost};
use super::net::{Net, Node};
use super::quality::{Criterion, Quality};
use super::quantise::{Names, quantise};
use super::scales::Scales;
use super::ties::Ties;
use super::windows::{NARROWEST, Sensitivity, balanced, deciding};
use super::{BlockSpec, CompileError, Progress};
use crate::simulate::{SimulateError, Simulator, quantise_input};

/// Images that decide whether a format is hopeless.
const FIRST: usize = 8;

/// Most formats that are tried.
const MOST_TRIALS: usize = 80;

/// Images on which layers are narrowed one at a time, and by how many bits.
const PROBES: usize = 4;
const STEP: u8 = 5;

/// How often the interval of prices is halved.
const BISECTIONS: usize = 12;

/// Where the search begins: what residual networks for small pictures take.
const START: Format = Format { narrow: 12, fraction: 12, window: 6 };

/// One format and how the network does in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// The format. Where windows are chosen by layer, its window is the widest allowed.
    pub format: Format,
    /// Whether layers have windows of their own.
    pub by_layer: bool,
    /// Bits one inference moves between all parties, with scores of n bits.
    pub bits: u64,
    /// Images simulated.
    pub images: usize,
    /// What came out.
    pub quality: Quality,
    /// Whether that is good enough.
    pub accepted: bool,
}

/// Everything about a network that does not depend on the format.
pub(super) struct Subject<'a> {
    pub(super) net: &'a Net,
    pub(super) ties: &'a Ties,
    pub(super) calibration: &'a Calibration,
    /// Calibration images, plane by plane.
    pub(super) pixels: &'a [Vec<u8>],
    pub(super) names: Names<'a>,
    pub(super) criterion: Criterion,
    pub(super) spec: &'a BlockSpec,
    pub(super) seed: u64,
}

impl Subject<'_> {
    pub(super) fn scales(&self, format: Format) -> Scales<'_> {
        let seen = &self.calibration.seen;
        Scales::choose(self.net, self.ties, seen, format, self.names.margin, self.names.preprocess)
    }

    /// The format's window for every node, less what the block spec says.
    pub(super) fn uniform(&self, format: Format) -> Vec<u8> {
        let window = |node: &Node| match self.spec.narrower(&node.name) {
            0 => format.window,
            bits => format.window.saturating_sub(bits).max(NARROWEST),
        };
        self.net.nodes.iter().map(window).collect()
    }

    /// Plan and weights in `format`, with the window of every node.
    pub(super) fn build(&self, format: Format, windows: &[u8]) -> Result<(Vec<u8>, Weights), CompileError> {
        quantise(self.net, &self.scales(format), &self.calibration.seen, format, windows, &self.names)
    }

    /// Squared error of the outputs on the first few images.
    fn squared_error(&self, format: Format, windows: &[u8]) -> Result<f64, CompileError> {
        let (file, weights) = self.build(format, windows)?;
        let plan = Plan::parse(&file)?;
        let simulator = Simulator::new(&plan, &weights).map_err(unexpected)?;
        let images = (0..PROBES.min(self.pixels.len())).into_par_iter();
        let pairs = images.map(|at| self.pair(&simulator, &plan, at)).collect::<Result<Vec<_>, _>>()?;
        let square = |(want, got): (&f32, &f32)| f64::from(want - got).powi(2);
        Ok(pairs.iter().flat_map(|(want, got)| want.iter().zip(got).map(square)).sum())
    }

    /// Narrows one layer at a time.
    fn sensitivities(&self, format: Format) -> Result<Vec<Sensitivity>, CompileError> {
        let base = self.squared_error(format, &self.uniform(format))?;
        let narrow = format.window.saturating_sub(STEP).max(NARROWEST);
        let measure = |(id, _)| {
            let mut windows = self.uniform(format);
            windows[id] = narrow;
            let added = self.squared_error(format, &windows)? - base;
            // What drowns in the noise of the rest is taken for a small part of it.
            let added = added.max(base / 1000.0).max(f64::MIN_POSITIVE);
            Ok(Sensitivity { id, error: added * f64::from(2 * narrow).exp2() })
        };
        deciding(self.net).map(measure).collect()
    }

    pub(super) fn trial(&self, format: Format, windows: &[u8]) -> Result<Trial, CompileError> {
        let (file, weights) = self.build(format, windows)?;
        let plan = Plan::parse(&file)?;
        let simulator = Simulator::new(&plan, &weights).map_err(unexpected)?;
        let shape = plan.output().shape;
        let mut pairs = Vec::new();
        let mut quality = None;
        for part in [0..FIRST.min(self.pixels.len()), FIRST.min(self.pixels.len())..self.pixels.len()] {
            if part.is_empty() || quality.is_some_and(|quality| self.criterion.is_hopeless(&quality)) {
                break;
            }
            pairs.extend(
                part.into_par_iter()
                    .map(|at| self.pair(&simulator, &plan, at))
                    .collect::<Result<Vec<_>, _>>()?,
            );
            quality = Some(Quality::of(&pairs, shape));
        }
        let quality = quality.unwrap_or_else(|| Quality::of(&[], shape));
        let accepted = pairs.len() == self.pixels.len() && self.criterion.accepts(&quality);
        let bits = cost(self.net, format, windows);
        let by_layer = windows.iter().any(|window| *window != format.window);
        Ok(Trial { format, by_layer, bits, images: pairs.len(), quality, accepted })
    }

    fn pair(
        &self,
        simulator: &Simulator<'_>,
        plan: &Plan<'_>,
        at: usize,
    ) -> Result<(&[f32], Vec<f32>), CompileError> {
        let output = self.output(simulator, plan, at)?;
        let got = output.iter().map(|value| *value as f32 * plan.header().output_scale).collect();
        Ok((&self.calibration.outputs[at], got))
    }

    /// The output for one calibration image, in units.
    fn output(
        &self,
        simulator: &Simulator<'_>,
        plan: &Plan<'_>,
        at: usize,
    ) -> Result<Vec<i32>, CompileError> {
        let preprocess = &plan.header().preprocess;
        let input = quantise_input(preprocess, self.net.shape(0).plane(), &self.pixels[at]);
        Ok(simulator.run(&input, self.seed.wrapping_add(at as u64)).map_err(unexpected)?.output)
    }

    /// The outputs for all calibration images, in units.
    pub(super) fn outputs(&self, plan: &Plan<'_>, weights: &Weights) -> Result<Vec<Vec<i32>>, CompileError> {
        let simulator = Simulator::new(plan, weights).map_err(unexpected)?;
        (0..self.pixels.len()).into_par_iter().map(|at| self.output(&simulator, plan, at)).collect()
    }
}

pub(super) fn unexpected(error: SimulateError) -> CompileError {
    match error {
        SimulateError::Kernel(error) => error.into(),
        other => CompileError::Option(format!("the plan cannot be simulated: {other}")),
    }
}

/// Tries formats until a cheap one is good enough and none of its cheaper neighbours is. Returns the choice, which is
/// the best one seen if none is good enough, the window of every node, and all trials.
pub(super) fn search(
    subject: &Subject<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Trial, Vec<u8>, Vec<Trial>), CompileError> {
    let mut search = Search { subject, progress, trials: Vec::new() };
    let mut best = search.climb()?;
    while best.accepted {
        match search.cheaper(&best)? {
            Some(cheaper) => best = cheaper,
            None => break,
        }
    }
    let (best, windows) = search.by_layer(best)?;
    Ok((best, windows, search.trials))
}

struct Search<'a, 'b> {
    subject: &'a Subject<'a>,
    progress: &'b mut dyn FnMut(Progress),
    trials: Vec<Trial>,
}

impl Search<'_, '_> {
    fn trial(&mut self, format: Format) -> Result<Trial, CompileError> {
        if let Some(trial) = self.trials.iter().find(|trial| trial.format == format) {
            return Ok(*trial);
        }
        let trial = self.subject.trial(format, &self.subject.uniform(format))?;
        (self.progress)(Progress::Trial(trial));
        self.trials.push(trial);
        Ok(trial)
    }

    /// Widens what helps most until a format is good enough, or nothing is left to widen.
    fn climb(&mut self) -> Result<Trial, CompileError> {
        let mut best = self.trial(START)?;
        while !best.accepted && self.trials.len() < MOST_TRIALS {
            let Format { narrow, fraction, window } = best.format;
            let wider = [
                Format { narrow: narrow + 1, ..best.format },
                Format { fraction: fraction + 1, ..best.format },
                Format { window: window + 1, ..best.format },
                Format { narrow: narrow + 1, fraction: fraction + 1, window: window + 1 },
            ];
            let mut next: Option<Trial> = None;
            for format in wider.into_iter().filter(is_candidate) {
                let trial = self.trial(format)?;
                if next.is_none_or(|next| is_better(&trial, &next)) {
                    next = Some(trial);
                }
            }
            match next {
                Some(next) => best = next,
                None => break,
            }
        }
        let better = |best: Trial, trial: &Trial| if is_better(trial, &best) { *trial } else { best };
        Ok(self.trials.iter().fold(best, better))
    }

    /// The cheapest format near `best` that is good enough and costs less.
    fn cheaper(&mut self, best: &Trial) -> Result<Option<Trial>, CompileError> {
        let mut formats: Vec<(u64, Format)> = neighbours(best.format)
            .into_iter()
            .map(|format| (cost(self.subject.net, format, &self.subject.uniform(format)), format))
            .filter(|(bits, _)| *bits < best.bits)
            .collect();
        formats.sort();
        for (_, format) in formats {
            if self.trials.len() >= MOST_TRIALS {
                break;
            }
            if !self.is_dominated(format) {
                let trial = self.trial(format)?;
                if trial.accepted {
                    return Ok(Some(trial));
                }
            }
        }
        Ok(None)
    }

    /// Gives every layer its own window where tables are much of the cost: the highest price of a table bit, by halving
    /// an interval, at which the outputs are good enough.
    fn by_layer(&mut self, mut best: Trial) -> Result<(Trial, Vec<u8>), CompileError> {
        let (subject, format) = (self.subject, best.format);
        let mut windows = subject.uniform(format);
        let tables: u64 = deciding(subject.net).map(|(_, count)| count << (format.window - 1)).sum();
        if !best.accepted || tables < best.bits / 8 || !subject.spec.windows.is_empty() {
            return Ok((best, windows));
        }
        let layers = subject.sensitivities(format)?;
        let ratio = |layer: &Sensitivity| layer.error.log2();
        let [mut low, mut high] = [
            layers.iter().map(ratio).fold(f64::INFINITY, f64::min) - 64.0,
            layers.iter().map(ratio).fold(f64::NEG_INFINITY, f64::max),
        ];
        for _ in 0..BISECTIONS {
            let price = (low + high) / 2.0;
            let next = balanced(subject.net, &layers, price, format.window);
            if next == windows || cost(subject.net, format, &next) >= best.bits {
                low = price;
                continue;
            }
            let trial = subject.trial(format, &next)?;
            (self.progress)(Progress::Trial(trial));
            self.trials.push(trial);
            if trial.accepted {
                (best, windows, low) = (trial, next, price);
            } else {
                high = price;
            }
        }
        Ok((best, windows))
    }

    /// Whether a format with at least these widths failed.
    fn is_dominated(&self, format: Format) -> bool {
        self.trials.iter().filter(|trial| !trial.accepted).any(|trial| {
            trial.format.narrow >= format.narrow
                && trial.format.fraction >= format.fraction
                && trial.format.window >= format.window
        })
    }
}

/// Whether `a` is the better starting point: good enough and cheap, or else close to the float network.
fn is_better(a: &Trial, b: &Trial) -> bool {
    match (a.accepted, b.accepted) {
        (true, true) => a.bits < b.bits,
        (false, false) => a.quality.error < b.quality.error,
        (accepted, _) => accepted,
    }
}

/// The formats the search considers.
fn is_candidate(format: &Format) -> bool {
    (8..=20).contains(&format.narrow)
        && (8..=16).contains(&format.fraction)
        && (4..=11).contains(&format.window)
        && format.check().is_ok()
}

/// Formats that give up a bit somewhere, and perhaps take one elsewhere.
fn neighbours(format: Format) -> Vec<Format> {
    let steps: [[i8; 3]; 9] = [
        [-1, 0, 0],
        [0, -1, 0],
        [0, 0, -1],
        [-2, 1, 0],
        [1, -2, 0],
        [1, 0, -1],
        [0, 1, -1],
        [-1, -1, 1],
        [-1, -1, 0],
    ];
    let moved = |[n, f, w]: [i8; 3]| Format {
        narrow: format.narrow.saturating_add_signed(n),
        fraction: format.fraction.saturating_add_signed(f),
        window: format.window.saturating_add_signed(w),
    };
    steps.into_iter().map(moved).filter(is_candidate).collect()
}
