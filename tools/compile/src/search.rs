//! The format that is worth its bytes.
//!
//! The front of bytes against errors comes out of a model that is measured on a few pictures. A format on it is simulated on
//! all of them; the others are expected to have its error times what the model says, and to change answers as that error
//! does. Formats near the one that then looks best are measured on some of the pictures, as far as they decide which it is,
//! and the best is simulated on all. Where that is not close, because the parts of many layers were too small to be told
//! apart, formats of one window for all layers are tried.

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::Format;
use super::model::{Candidate, Model};
use super::quality::Comparison;
use super::subject::{Subject, Trial};
use super::windows::deciding;
use super::{CompileError, Progress};

/// The error where the search begins.
const START: f64 = 0.025;

/// Bytes of the formats that are shown beside the chosen one, in parts of its own.
const SHOWN: [f64; 5] = [0.6, 0.8, 1.0, 1.3, 1.8];

/// Formats whose bits and errors differ by less than this part are as good.
const SETTLED: f64 = 0.05;

/// Formats simulated on all pictures at most.
const MOST_TRIALS: usize = 3;

/// The largest rings, and the windows that are tried in them where the model leads to no close format.
const ROOMY: Format = Format { narrow: 18, fraction: 14, window: 11 };
const PLAIN: [u8; 3] = [7, 9, 11];

/// Formats measured on some of the pictures at most, and on how many.
const MOST_PROBES: usize = 7;
const PROBED: usize = 16;

/// A format of the front, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Bits of values.
    pub wide: u8,
    /// The narrowest and the widest window.
    pub windows: [u8; 2],
    /// Bits an inference moves.
    pub bits: u64,
    /// The error of the median picture.
    pub error: f32,
    /// The share of answers that differ.
    pub different: f32,
    /// Whether it was simulated on all images, or carried over from those that were.
    pub simulated: bool,
}

/// What a search found.
pub(super) struct Found {
    pub(super) chosen: Trial,
    pub(super) windows: Vec<u8>,
    pub(super) trials: Vec<Trial>,
    pub(super) front: Vec<Point>,
    /// The error that was looked for, if one was.
    pub(super) aim: Option<f32>,
}

struct Simulated {
    at: usize,
    trial: Trial,
    comparison: Comparison,
}

struct Search<'a> {
    subject: &'a Subject<'a>,
    front: Vec<Candidate>,
    /// On all pictures.
    simulated: Vec<Simulated>,
    /// Errors on some of the pictures, by place on the front.
    probed: BTreeMap<usize, f64>,
}

/// Searches the format that `criterion` asks for.
pub(super) fn search(
    subject: &Subject<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Found, CompileError> {
    let front = Model::measure(subject, progress)?.front(subject);
    let distance = |candidate: &Candidate| (candidate.error / START).ln().abs();
    let start = (0..front.len()).min_by(|a, b| distance(&front[*a]).total_cmp(&distance(&front[*b])));
    let mut search = Search { subject, front, simulated: Vec::new(), probed: BTreeMap::new() };
    let mut best = start.unwrap_or(0);
    while search.simulated.len() < MOST_TRIALS && !search.is_settled(best) {
        search.simulate(best, progress)?;
        search.probe(best)?;
        best = search.best();
        while search.probed.len() < MOST_PROBES && !search.probed.contains_key(&best) {
            search.probe(best)?;
            best = search.best();
        }
    }
    let found = search.found();
    match subject.criterion.check(&found.chosen.quality, true) {
        Ok(()) => Ok(found),
        Err(_) => plain(subject, found, progress),
    }
}

/// The cheapest plain format that is close; what was found if there is none.
fn plain(
    subject: &Subject<'_>,
    mut found: Found,
    progress: &mut dyn FnMut(Progress),
) -> Result<Found, CompileError> {
    for window in PLAIN {
        let format = Format { window, ..ROOMY };
        let windows = subject.uniform(format);
        let (chosen, _) = subject.trial(format, &windows)?;
        progress(Progress::Trial(chosen));
        found.trials.push(chosen);
        if subject.criterion.check(&chosen.quality, true).is_ok() {
            return Ok(Found { chosen, windows, trials: found.trials, front: Vec::new(), aim: None });
        }
    }
    Ok(found)
}

impl Search<'_> {
    /// Whether a format was simulated that is about as good as this one.
    fn is_settled(&self, at: usize) -> bool {
        let error = self.expected(at).0;
        let near = |done: &Simulated| (f64::from(done.trial.quality.error) / error).ln().abs() < SETTLED;
        let bits = |at: usize| self.front[at].bits as f64;
        let cheap = |done: &Simulated| (bits(done.at) / bits(at)).ln().abs() < SETTLED;
        self.simulated.iter().any(|done| done.at == at || (near(done) && cheap(done)))
    }

    fn simulate(&mut self, at: usize, progress: &mut dyn FnMut(Progress)) -> Result<(), CompileError> {
        let candidate = &self.front[at];
        let (trial, comparison) = self.subject.trial(candidate.format, &candidate.windows)?;
        progress(Progress::Trial(trial));
        self.simulated.push(Simulated { at, trial, comparison });
        Ok(())
    }

    fn probe(&mut self, at: usize) -> Result<(), CompileError> {
        let candidate = &self.front[at];
        let square = self.subject.square(candidate.format, &candidate.windows, PROBED)?;
        self.probed.insert(at, square.sqrt().max(f64::MIN_POSITIVE));
        Ok(())
    }

    /// Error and differing answers of a format: those of the nearest that was simulated, times how much larger errors are on
    /// some of the pictures, measured for the format or for the nearest that was.
    fn expected(&self, at: usize) -> (f64, f64) {
        let known = self.simulated.iter().min_by_key(|done| done.at.abs_diff(at));
        let nearest = self.probed.iter().min_by_key(|(probed, _)| probed.abs_diff(at));
        let (Some(known), Some((near, measured))) = (known, nearest) else { return (f64::INFINITY, 1.0) };
        let beside = self.probed.get(&known.at).unwrap_or(measured);
        let times = measured / beside * self.front[at].error / self.front[*near].error;
        (f64::from(known.trial.quality.error) * times, known.comparison.different_at(times))
    }

    /// The cheapest format whose outputs and answers are what the criterion asks for, given what was measured; that of the
    /// outputs alone if answers cannot be had, and the dearest if none is good enough.
    fn best(&self) -> usize {
        let last = self.front.len() - 1;
        let (largest, different) =
            (f64::from(self.aim()), f64::from(self.subject.criterion.most_different()));
        let cheapest = |different: f64| {
            let good = |at: &usize| {
                let (error, changed) = self.expected(*at);
                error <= largest && changed <= different
            };
            (0..=last).find(good)
        };
        cheapest(different).or_else(|| cheapest(1.0)).unwrap_or(last)
    }

    /// The error that is looked for.
    fn aim(&self) -> f32 {
        self.subject.criterion.largest_error(self.expected(self.front.len() - 1).0 as f32)
    }

    fn found(mut self) -> Found {
        let aim = Some(self.aim());
        let best = self.best();
        let nearest = (0..self.simulated.len()).min_by_key(|index| self.simulated[*index].at.abs_diff(best));
        let trials = self.simulated.iter().map(|done| done.trial).collect();
        let chosen = nearest.unwrap_or(0);
        let front = self.points(self.simulated[chosen].at);
        let Simulated { at, trial, .. } = self.simulated.swap_remove(chosen);
        Found { chosen: trial, windows: self.front.swap_remove(at).windows, trials, front, aim }
    }

    /// The chosen format between some that are cheaper and some that are dearer.
    fn points(&self, chosen: usize) -> Vec<Point> {
        let bits = self.front[chosen].bits as f64;
        let near = |times: &f64| {
            let distance = |at: &usize| (self.front[*at].bits as f64 / bits / times).ln().abs();
            (0..self.front.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))
        };
        let mut shown: Vec<usize> = SHOWN.iter().filter_map(near).collect();
        shown.extend(self.simulated.iter().map(|done| done.at));
        shown.sort_unstable();
        shown.dedup();
        shown.into_iter().map(|at| self.point(at)).collect()
    }

    fn point(&self, at: usize) -> Point {
        let Candidate { format, windows, bits, .. } = &self.front[at];
        let widths = || deciding(self.subject.net).map(|(id, _)| windows[id]);
        let simulated = self.simulated.iter().find(|done| done.at == at);
        let (error, different) = match simulated {
            Some(Simulated { trial, .. }) => (trial.quality.error, trial.quality.expected_different),
            None => {
                let (error, different) = self.expected(at);
                (error as f32, different as f32)
            }
        };
        Point {
            wide: format.wide(),
            windows: [widths().min(), widths().max()].map(|width| width.unwrap_or(0)),
            bits: *bits,
            error,
            different,
            simulated: simulated.is_some(),
        }
    }
}
