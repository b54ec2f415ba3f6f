//! Where knots are: the best choice among the points of a grid, if the function between two is its chord.

use super::super::Line;
use super::grid::{Grid, Point};

/// Sums of the points before each one, from which the error of any line over any of them follows.
struct Sums(Vec<[f64; 6]>);

impl Sums {
    fn new(points: &[Point]) -> Self {
        let mut sums = vec![[0.0; 6]];
        let mut total = [0.0; 6];
        for Point { z, value, weight } in points {
            let products = [1.0, *z, z * z, *value, z * value, value * value];
            total.iter_mut().zip(products).for_each(|(sum, product)| *sum += weight * product);
            sums.push(total);
        }
        Self(sums)
    }

    /// The weighted square of what `line` misses at points `from .. to`.
    fn error(&self, from: usize, to: usize, line: Line) -> f64 {
        let [one, z, zz, f, zf, ff] = std::array::from_fn(|at| self.0[to][at] - self.0[from][at]);
        let Line { slope, offset } = line;
        let own = offset * offset * one + 2.0 * offset * slope * z + slope * slope * zz;
        (own - 2.0 * (offset * f + slope * zf) + ff).max(0.0)
    }
}

/// The places of `knots` knots, at least 2, in ascending order. The first and the last are on the lines that hold beyond
/// them, those between on the function.
pub(super) fn chosen(grid: &Grid, knots: usize) -> Vec<f64> {
    let (points, [below, above]) = (grid.points(), grid.ends());
    let (sums, count) = (Sums::new(points), points.len());
    let on = |at: usize| [points[at].z, points[at].value];
    let first = |at: usize| [points[at].z, below.of(points[at].z)];
    let last = |at: usize| [points[at].z, above.of(points[at].z)];
    let chord =
        |from: usize, to: usize, ends: [[f64; 2]; 2]| sums.error(from, to, Line::through(ends[0], ends[1]));
    // For every number of knots so far and every place of the last of them, the least error and the place before.
    let mut stages: Vec<Vec<(f64, usize)>> = Vec::new();
    let least = |at: usize, cost: &dyn Fn(usize) -> f64| {
        (0..at)
            .map(|before| (cost(before), before))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .unwrap_or((f64::INFINITY, 0))
    };
    for knot in 1..knots {
        let ends = knot + 1 == knots;
        let stage = (0..count).map(|at| {
            let to = if ends { last(at) } else { on(at) };
            let cost = |before: usize| match stages.last() {
                None => sums.error(0, before, below) + chord(before, at, [first(before), to]),
                Some(stage) => stage[before].0 + chord(before, at, [on(before), to]),
            };
            let (error, before) = least(at, &cost);
            (error + if ends { sums.error(at, count, above) } else { 0.0 }, before)
        });
        let stage = stage.collect();
        stages.push(stage);
    }
    traced(points, &stages)
}

/// The places that led to the least error of the last stage.
fn traced(points: &[Point], stages: &[Vec<(f64, usize)>]) -> Vec<f64> {
    let errors = stages.last().map_or(&[][..], Vec::as_slice);
    let best = (0..errors.len()).min_by(|a, b| errors[*a].0.total_cmp(&errors[*b].0)).unwrap_or(0);
    let mut places = vec![best];
    for stage in stages.iter().rev() {
        places.push(stage[places[places.len() - 1]].1);
    }
    places.iter().rev().map(|at| points[*at].z).collect()
}
