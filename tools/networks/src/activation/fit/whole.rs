//! Slopes that are whole multiples of one number.
//!
//! The protocol multiplies by whole slopes. Rounding the slopes of a fitted function one by one would add up from knot to
//! knot; here every piece keeps its middle, and its knots move to where it meets its neighbours. Where neighbours become
//! parallel, one of them goes.

use super::super::{Activation, Knot, Line};
use super::grid::Grid;

/// The steepest slope in units, one try each.
const STEEPEST: [f64; 6] = [8.0, 12.0, 16.0, 24.0, 32.0, 64.0];

/// Errors up to this part of the least one are as good: smaller units leave fewer bits for the weights that come after.
const AS_GOOD: f64 = 1.4;

/// Rounds of moving lines to the middle of what they have become.
const ROUNDS: usize = 6;

/// A function as the lines of its pieces, from below all knots to above them, and the knots between them.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    lines: Vec<Line>,
    places: Vec<f64>,
}

impl Lines {
    /// The lines of a polygon.
    pub(super) fn of(grid: &Grid, vertices: &[[f64; 2]]) -> Self {
        let [below, above] = grid.ends();
        let between = vertices.windows(2).map(|pair| Line::through(pair[0], pair[1]));
        let lines = std::iter::once(below).chain(between).chain([above]).collect();
        Self { lines, places: vertices.iter().map(|[place, _]| *place).collect() }
    }

    /// Moves knots to where neighbours meet, which makes the function continuous, if they still ascend.
    fn joined(mut self) -> Option<Self> {
        self.places = self.lines.windows(2).map(|pair| pair[0].meets(&pair[1])).collect();
        let ascend = self.places.windows(2).all(|pair| pair[0] < pair[1]);
        (ascend && self.places.iter().all(|place| place.is_finite())).then_some(self)
    }

    fn error(&self, grid: &Grid) -> f64 {
        grid.error(|z| self.lines[self.places.partition_point(|place| *place <= z)].of(z))
    }

    /// Gives a piece another slope and keeps its middle; the outermost keep their offsets.
    fn turn(&mut self, at: usize, slope: f64) {
        let middle = match at.checked_sub(1).zip(self.places.get(at)) {
            Some((before, after)) => (self.places[before] + after) / 2.0,
            None => 0.0,
        };
        let line = &mut self.lines[at];
        *line = Line { slope, offset: line.of(middle) - slope * middle };
    }

    /// Pieces of the slope of a neighbour become part of it.
    fn merged(mut self, unit: f64) -> Self {
        let mut at = 1;
        while at + 1 < self.lines.len() {
            let same = |other: usize| (self.lines[other].slope - self.lines[at].slope).abs() < unit / 2.0;
            if same(at - 1) || same(at + 1) {
                self.lines.remove(at);
                let after = self.places.remove(at);
                self.places[at - 1] = (self.places[at - 1] + after) / 2.0;
            } else {
                at += 1;
            }
        }
        self
    }

    /// The same with slopes in multiples of `unit`.
    fn rounded(mut self, unit: f64) -> Self {
        (0..self.lines.len()).for_each(|at| self.turn(at, (self.lines[at].slope / unit).round() * unit));
        self.merged(unit)
    }

    /// Every piece between the outermost in the middle of the function where it holds.
    fn centred(mut self, grid: &Grid) -> Option<Self> {
        for _ in 0..ROUNDS {
            for (line, range) in self.lines[1..].iter_mut().zip(self.places.windows(2)) {
                let points = grid.points().iter().filter(|point| (range[0]..range[1]).contains(&point.z));
                let (mut weight, mut offset) = (0.0, 0.0);
                for point in points {
                    weight += point.weight;
                    offset += point.weight * (point.value - line.slope * point.z);
                }
                if weight > 0.0 {
                    line.offset = offset / weight;
                }
            }
            self = self.joined()?;
        }
        Some(self)
    }

    fn activation(&self) -> Option<Activation> {
        let pairs = self.places.iter().zip(self.lines.windows(2));
        let knot = |(at, pair): (&f64, &[Line])| Knot {
            at: *at as f32,
            slope: (pair[1].slope - pair[0].slope) as f32,
        };
        let first = self.lines.first()?;
        Activation::new(first.slope as f32, first.offset as f32, pairs.map(knot).collect()).ok()
    }
}

/// The function with slopes of the largest unit that is as good as any.
pub(super) fn best(grid: &Grid, lines: &Lines) -> Activation {
    let most = |lines: &[Line]| lines.iter().fold(0.0f64, |most, line| most.max(line.slope.abs()));
    let (steepest, ends) = (most(&lines.lines), most(&grid.ends()));
    let candidates = STEEPEST.iter().filter_map(|steps| {
        // Asymptotes have to be whole as well.
        let unit = if ends > 0.0 { ends / (steps * ends / steepest).ceil() } else { steepest / steps };
        let tried = improved(grid, lines, unit)?;
        Some((tried.error(grid), tried.activation()?))
    });
    let candidates: Vec<(f64, Activation)> = candidates.collect();
    let least = candidates.iter().fold(f64::INFINITY, |least, (error, _)| least.min(*error));
    let good = candidates.into_iter().find(|(error, _)| *error <= AS_GOOD * AS_GOOD * least);
    good.map_or_else(|| as_they_are(grid, lines), |(_, activation)| activation)
}

/// The function with its own slopes, where no multiples are close.
fn as_they_are(grid: &Grid, lines: &Lines) -> Activation {
    let [below, above] = grid.ends();
    let hinge = || {
        let knot = Knot { at: 0.0, slope: (above.slope - below.slope) as f32 };
        Activation::new(below.slope as f32, below.offset as f32, vec![knot]).ok()
    };
    lines.activation().or_else(hinge).unwrap_or_else(Activation::relu)
}

/// Slopes in multiples of `unit`, each one more or less as long as that helps.
fn improved(grid: &Grid, lines: &Lines, unit: f64) -> Option<Lines> {
    let mut best = lines.clone().rounded(unit).centred(grid)?;
    let mut error = best.error(grid);
    let mut moved = true;
    while moved {
        moved = false;
        for at in 1..best.lines.len().saturating_sub(1) {
            for sign in [-1.0, 1.0] {
                let mut tried = best.clone();
                tried.turn(at, tried.lines[at].slope + sign * unit);
                let Some(tried) = tried.merged(unit).centred(grid) else { continue };
                let missed = tried.error(grid);
                if tried.lines.len() == best.lines.len() && missed < error * (1.0 - 1e-3) {
                    (best, error, moved) = (tried, missed, true);
                }
            }
        }
    }
    Some(best)
}
