//! The format that is worth its bytes.
//!
//! The front of bytes against errors comes out of a model that is measured on a few pictures. Where on it answers are
//! worth what they cost is decided by simulation on all of them: a format is simulated, what it does to decisions is
//! carried over to the others in proportion to their errors, and the best of them is simulated next, until the best is one
//! that was. How errors and decisions meet is estimated from all pictures at once, so that another choice of pictures
//! gives nearly the same bytes.

use serde::Serialize;

use super::criterion::WORTH;
use super::model::{Candidate, Model};
use super::quality::Comparison;
use super::subject::{Subject, Trial};
use super::windows::deciding;
use super::{CompileError, Progress};

/// The error where the search begins.
const START: f64 = 0.03;

/// Bytes of the formats that are shown beside the chosen one, in parts of its own.
const SHOWN: [f64; 5] = [0.6, 0.8, 1.0, 1.3, 1.8];

/// Formats that differ by less than this part of their bits are as good.
const SETTLED: f64 = 0.015;

/// Formats simulated at most.
const MOST_TRIALS: usize = 6;

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
}

struct Simulated {
    at: usize,
    trial: Trial,
    comparison: Comparison,
}

struct Search<'a> {
    subject: &'a Subject<'a>,
    front: Vec<Candidate>,
    simulated: Vec<Simulated>,
}

/// Searches the format that `criterion` asks for.
pub(super) fn search(
    subject: &Subject<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Found, CompileError> {
    let front = Model::measure(subject, progress)?.front(subject);
    let distance = |candidate: &Candidate| (candidate.error / START).ln().abs();
    let start = (0..front.len()).min_by(|a, b| distance(&front[*a]).total_cmp(&distance(&front[*b])));
    let mut search = Search { subject, front, simulated: Vec::new() };
    let mut next = start.unwrap_or(0);
    while search.simulated.len() < MOST_TRIALS && !search.is_settled(next) {
        search.simulate(next, progress)?;
        next = search.best();
    }
    Ok(search.found())
}

impl Search<'_> {
    /// Whether a format was simulated that moves about as many bits.
    fn is_settled(&self, at: usize) -> bool {
        let bits = |at: usize| self.front[at].bits as f64;
        self.simulated.iter().any(|done| (bits(done.at) / bits(at)).ln().abs() < SETTLED)
    }

    fn simulate(&mut self, at: usize, progress: &mut dyn FnMut(Progress)) -> Result<(), CompileError> {
        let candidate = &self.front[at];
        let (trial, comparison) = self.subject.trial(candidate.format, &candidate.windows)?;
        progress(Progress::Trial(trial));
        self.simulated.push(Simulated { at, trial, comparison });
        Ok(())
    }

    /// Error and differing answers of a format, from the simulated one that is nearest.
    fn expected(&self, at: usize) -> (f64, f64) {
        let nearest = self.simulated.iter().min_by_key(|done| done.at.abs_diff(at));
        let Some(nearest) = nearest else { return (f64::INFINITY, 1.0) };
        let times = self.front[at].error / self.front[nearest.at].error;
        let error = f64::from(nearest.trial.quality.error) * times;
        (error, nearest.comparison.different_at(times))
    }

    /// The format that the criterion asks for, given what was simulated: the dearest if none is good enough.
    fn best(&self) -> usize {
        let last = self.front.len() - 1;
        let fits = |at: &usize| self.expected(*at).0 <= f64::from(self.subject.criterion.largest_error());
        let mut good = (0..=last).filter(fits);
        match self.subject.criterion.most_different() {
            Some(most) => good.find(|at| self.expected(*at).1 <= f64::from(most)).unwrap_or(last),
            None => good.min_by(|a, b| self.value(*a).total_cmp(&self.value(*b))).unwrap_or(last),
        }
    }

    /// What is least at the knee.
    fn value(&self, at: usize) -> f64 {
        (self.front[at].bits as f64).ln() + 100.0 * WORTH * self.expected(at).1
    }

    fn found(mut self) -> Found {
        let best = self.best();
        let nearest = (0..self.simulated.len()).min_by_key(|index| self.simulated[*index].at.abs_diff(best));
        let trials = self.simulated.iter().map(|done| done.trial).collect();
        let front = self.points(best);
        let Simulated { at, trial, .. } = self.simulated.swap_remove(nearest.unwrap_or(0));
        Found { chosen: trial, windows: self.front.swap_remove(at).windows, trials, front }
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
        let (error, different) = self.expected(at);
        Point {
            wide: format.wide(),
            windows: [widths().min(), widths().max()].map(|width| width.unwrap_or(0)),
            bits: *bits,
            error: error as f32,
            different: different as f32,
            simulated: self.simulated.iter().any(|done| done.at == at),
        }
    }
}
