//! Where comparisons of labels look, and how wide.

use brelu_core::geometry::Shape;
use brelu_core::plan::{ColourOrder, Fit, Header, Local, Node, Op, Plan, Preprocess};
use brelu_host::weights::Weights;
use rayon::prelude::*;

use super::super::CompileError;
use super::super::quantise::write;
use super::super::subject::unexpected;
use super::Question;
use super::nodes::append;
use crate::simulate::Simulator;

/// The widest window a plan takes, and the narrowest that is chosen.
const WIDEST: u8 = 11;
const NARROWEST: u8 = 5;

/// Tables may take this share of the bits of an inference before narrower windows are tried.
const TABLES: f64 = 0.01;

/// Share of the answers that a narrower window has to leave as they are.
const AGREEMENT: f64 = 0.999;

/// Position and width of a comparison window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) width: u8,
    pub(super) lo: u8,
}

impl Window {
    /// The lowest window of `width` bits, in a ring of `ring`, that holds differences up to `most`, of which half a unit of
    /// the window is lost to rounding; narrower if its lowest bit is the ring's.
    pub(super) fn holding(most: f64, width: u8, ring: u8) -> Self {
        let holds = |top: &u8| {
            let half = f64::from(top.saturating_sub(width)).exp2() / 2.0;
            most < f64::from(top - 1).exp2() - if *top > width { half } else { 0.0 }
        };
        let top = (2..ring).find(holds).unwrap_or(ring);
        Self { width: width.min(top), lo: top.saturating_sub(width) }
    }

    const fn table(&self) -> u64 {
        1 << (self.width - 1)
    }
}

/// Windows are tried on scores of the calibration images.
pub(super) struct Trials<'a> {
    pub(super) question: Question,
    /// Scores of images, in units.
    pub(super) scores: &'a [Vec<i32>],
    /// Differences times this factor must fit.
    pub(super) margin: f32,
    /// Bits of an inference that opens the scores.
    pub(super) bits: u64,
}

impl Trials<'_> {
    /// The window of `width`, or one that is as wide as is of use: narrower while tables are much of the cost and answers stay
    /// as they are. Beside it, the share of answers that exact comparisons would give too.
    pub(super) fn choose(&self, width: Option<u8>) -> Result<(Window, f64), CompileError> {
        let window = self.window(width.unwrap_or(WIDEST));
        let mut best = (window, self.agreement(window)?);
        while width.is_none() && best.0.width > NARROWEST && self.is_costly(best.0)? {
            let window = self.window(best.0.width - 1);
            let agreement = self.agreement(window)?;
            if agreement < AGREEMENT {
                break;
            }
            best = (window, agreement);
        }
        Ok(best)
    }

    fn window(&self, width: u8) -> Window {
        let most = self.largest_difference() * f64::from(self.margin);
        let unit = f64::from(self.question.bits()).exp2();
        Window::holding((most + 1.0) * unit, width, self.question.ring())
    }

    /// Of two scores of a pixel.
    fn largest_difference(&self) -> f64 {
        let plane = self.question.shape.plane();
        let of_pixel = |scores: &[i32], pixel: usize| {
            let values = || scores.iter().skip(pixel).step_by(plane).copied();
            i64::from(values().max().unwrap_or(0)) - i64::from(values().min().unwrap_or(0))
        };
        let pixels = self.scores.iter().flat_map(|scores| (0..plane).map(|pixel| of_pixel(scores, pixel)));
        pixels.max().unwrap_or(0) as f64
    }

    fn is_costly(&self, window: Window) -> Result<bool, CompileError> {
        let (file, _) = self.alone(window)?;
        let decisions = brelu_core::cost::total(&Plan::parse(&file)?).decisions;
        Ok((decisions * window.table()) as f64 > TABLES * self.bits as f64)
    }

    /// A plan whose input is the scores.
    fn alone(&self, window: Window) -> Result<(Vec<u8>, Weights), CompileError> {
        let (file, weights) = scores_only(self.question.shape, self.question.narrow)?;
        append(&Plan::parse(&file)?, weights, &self.question, window)
    }

    fn agreement(&self, window: Window) -> Result<f64, CompileError> {
        let (file, weights) = self.alone(window)?;
        let plan = Plan::parse(&file)?;
        let simulator = Simulator::new(&plan, &weights).map_err(unexpected)?;
        let equal = |(seed, scores): (usize, &Vec<i32>)| {
            let input: Vec<u32> = scores.iter().map(|score| *score as u32).collect();
            let labels = simulator.run(&input, seed as u64).map_err(unexpected)?.output;
            Ok(self.equal(scores, &labels))
        };
        let equal = self.scores.par_iter().enumerate().map(equal).sum::<Result<usize, CompileError>>()?;
        let answers = (self.scores.len() * self.question.shape.plane()).max(1);
        Ok(equal as f64 / answers as f64)
    }

    /// Pixels whose labels are those of the largest scores, in order.
    fn equal(&self, scores: &[i32], labels: &[i32]) -> usize {
        let (plane, count) = (self.question.shape.plane(), self.question.count as usize);
        let equal = |pixel: &usize| {
            let want = best(scores, plane, *pixel, count);
            labels.iter().skip(*pixel).step_by(plane).map(|label| *label as usize).eq(want)
        };
        (0..plane).filter(equal).count()
    }
}

/// The `count` largest channels of a pixel; of equal ones the later first, as indices are the lowest bits.
pub(super) fn best(scores: &[i32], plane: usize, pixel: usize, count: usize) -> Vec<usize> {
    let mut order: Vec<(i32, usize)> =
        scores.iter().skip(pixel).step_by(plane).enumerate().map(|(at, score)| (*score, at)).collect();
    let compare = |a: &(i32, usize), b: &(i32, usize)| b.cmp(a);
    if count < order.len() {
        order.select_nth_unstable_by(count - 1, compare);
        order.truncate(count);
    }
    order.sort_unstable_by(compare);
    order.into_iter().map(|(_, channel)| channel).collect()
}

/// A plan whose output is its input.
pub(super) fn scores_only(shape: Shape, bits: u8) -> Result<(Vec<u8>, Weights), CompileError> {
    let preprocess = Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine: Default::default() };
    let node = |op| Node { name: "scores", shape, bits, op };
    let nodes = [node(Op::Input), node(Local::Reshape { input: 0 }.into())];
    let file = write(&Header::new("scores", preprocess), &nodes)?;
    let weights = Weights::new(&Plan::parse(&file)?, Vec::new())?;
    Ok((file, weights))
}
