//! Answers that are labels: the scores meet under the protocol, and only indices are opened.
//!
//! A score `z'` in Z_2^n and its index `i` among C become one number, `2^b z' + i` in Z_2^(n+b), `b = ceil(log2 C)`. The
//! shift and the constant are local. Larger ones are found as in max-pooling, `max(p, q) = q + ReLU(p - q)`, here within
//! one ring, where the selection is right for every difference; the smaller one is `p - ReLU(p - q)`, of the same decision.
//! Whatever a decision says near a tie, both results are among `p` and `q`, so an index always belongs to its score. Read
//! modulo 2^b, which is free, a number is its index: these b bits are all that is opened.
//!
//! One label takes `ceil(log2 C)` round trips and `C - 1` decisions a pixel of the map; N labels in order are merged sorted
//! lists (K. E. Batcher, Sorting networks and their applications, AFIPS 1968).

mod lists;
mod network;
mod nodes;
mod window;

use brelu_core::cost;
use brelu_core::format::WINDOW;
use brelu_core::geometry::Shape;
use brelu_core::plan::{Answer, Plan};
use brelu_host::weights::Weights;
use serde::Serialize;

use self::nodes::append;
use self::window::Trials;
use super::CompileError;

/// That only labels are opened, and how they are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelOptions {
    /// How many, the best first: at least 1, at most one for every class.
    pub count: u32,
    /// Width of the comparisons in bits, 2 to 11; chosen if there is none.
    pub window: Option<u8>,
}

/// How labels are found, and how well.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LabelReport {
    /// Labels of an answer.
    pub count: u32,
    /// Scores they are chosen from.
    pub classes: u32,
    /// Bits of a label.
    pub bits: u8,
    /// Bits of a score and its index.
    pub ring: u8,
    /// Width of the comparisons.
    pub window: u8,
    /// Their lowest bit. The index takes the lowest bits of the ring.
    pub position: u8,
    /// Share of the answers on the calibration images that are what exact comparisons of the same scores give.
    pub agreement: f64,
    /// Bytes of one inference that opens the scores instead.
    pub scores_bytes: u64,
    /// Round trips of such a one.
    pub scores_round_trips: u32,
}

/// What is asked of the scores of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Question {
    count: u32,
    /// Shape of the scores.
    shape: Shape,
    /// Bits of a score.
    narrow: u8,
}

impl Question {
    fn bits(&self) -> u8 {
        Answer::label_bits(self.shape.channels)
    }

    /// Bits of a score and its index.
    fn ring(&self) -> u8 {
        self.narrow.saturating_add(self.bits())
    }
}

/// Refuses labels that the scores of such a network cannot give.
pub(super) fn check(options: &LabelOptions, scores: Shape) -> Result<(), CompileError> {
    let (LabelOptions { count, window }, classes) = (*options, scores.channels);
    let refuse = |problem: String| Err(CompileError::Option(problem));
    if classes < 2 {
        return refuse("the network has one output, which is no choice among classes: open its score".into());
    }
    if !(1..=classes).contains(&count) {
        return refuse(format!(
            "there are no {count} labels among {classes} outputs: ask for 1 to {classes}"
        ));
    }
    match window {
        Some(window) if !WINDOW.contains(&window) => {
            let [least, most] = [WINDOW.start(), WINDOW.end()];
            refuse(format!("a comparison of labels has {least} to {most} bits, not {window}"))
        }
        _ => Ok(()),
    }
}

/// Puts the choice of labels behind the scores of `plan`. `scores` are simulated ones of the calibration images, in units;
/// their differences times `margin` fit the comparisons. `beside` is what a plan costs that opens the scores.
pub(super) fn labels(
    options: &LabelOptions,
    (plan, weights): (&Plan<'_>, Weights),
    scores: &[Vec<i32>],
    margin: f32,
    beside: &cost::Total,
) -> Result<(Vec<u8>, Weights, LabelReport), CompileError> {
    let output = plan.output();
    let question = Question { count: options.count, shape: output.shape, narrow: output.bits };
    let ring = question.ring();
    if ring > 32 {
        return Err(CompileError::Option(format!(
            "a score has {} bits and its index {}, which is more than the 32 of the largest ring together: fix a format \
             with fewer bits, or open the scores",
            question.narrow,
            question.bits()
        )));
    }
    let total = cost::total(plan);
    let (window, agreement) =
        Trials { question, scores, margin, bits: total.bits.total() }.choose(options.window)?;
    let (file, weights) = append(plan, weights, &question, window)?;
    let report = LabelReport {
        count: question.count,
        classes: question.shape.channels,
        bits: question.bits(),
        ring,
        window: window.width,
        position: window.lo,
        agreement,
        scores_bytes: beside.bytes.total(),
        scores_round_trips: beside.round_trips,
    };
    Ok((file, weights, report))
}

#[cfg(test)]
mod tests;
