//! The numbers that a fit looks at.

use super::super::{Line, Smooth};
use super::Density;

/// Points at equal parts of the weight, and at equal distances.
const QUANTILES: usize = 120;
const EQUAL: u32 = 200;

/// The part of the weight that is spread evenly, for inputs that were not seen.
const UNSEEN: f64 = 0.02;

/// Differences between a function and its asymptotes that are none, in parts of how far its values are apart.
const NEAR: f64 = 1e-3;

/// How far the grid reaches beyond the density, in parts of its width.
const BEYOND: f64 = 2.0;

/// Doublings of the distance from the density at which a function may reach its asymptotes.
const DOUBLINGS: i32 = 6;

/// A number, the function of it, and how much errors there count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) z: f64,
    pub(super) value: f64,
    pub(super) weight: f64,
}

/// Numbers in ascending order, and the lines that hold below and above them.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    points: Vec<Point>,
    ends: [Line; 2],
    step: f64,
}

impl Grid {
    pub(super) fn new(function: &Smooth, density: &Density) -> Self {
        let [low, high] = reach(function, density);
        let step = (high - low) / f64::from(EQUAL);
        let mut places: Vec<f64> = (0..=EQUAL).map(|at| low + step * f64::from(at)).collect();
        places.extend(density.quantiles(QUANTILES));
        places.sort_by(f64::total_cmp);
        places.dedup_by(|a, b| *a - *b < step / 64.0);
        let weights = weights(&places, density);
        let point = |(z, weight): (&f64, f64)| Point { z: *z, value: function.exact(*z), weight };
        let points: Vec<Point> = places.iter().zip(weights).map(point).collect();
        let tangent = |z: f64| {
            let slope = f64::from(function.derivative(z as f32));
            Line { slope, offset: function.exact(z) - slope * z }
        };
        let ends = function.ends().unwrap_or_else(|| [tangent(low), tangent(high)]);
        Self { points, ends, step }
    }

    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    /// The lines below and above.
    pub(super) const fn ends(&self) -> [Line; 2] {
        self.ends
    }

    /// The distance of points where they are farthest from each other.
    pub(super) const fn step(&self) -> f64 {
        self.step
    }

    /// The weighted square of what a function misses.
    pub(super) fn error(&self, function: impl Fn(f64) -> f64) -> f64 {
        self.points.iter().map(|point| point.weight * (function(point.z) - point.value).powi(2)).sum()
    }
}

/// From where to where a function is looked at: where its inputs are, and on until it is near its asymptotes.
fn reach(function: &Smooth, density: &Density) -> [f64; 2] {
    let [low, high] = density.ends();
    let width = (high - low).max(1e-3 * (1.0 + low.abs().max(high.abs())));
    let Some([below, above]) = function.ends() else { return [low - width / 2.0, high + width / 2.0] };
    let scale = density.deviation(|z| function.exact(z)).max(NEAR * width);
    let farthest = |from: f64, sign: f64, line: Line| {
        let far = |z: f64| (function.exact(z) - line.of(z)).abs() > NEAR * scale;
        let at = |power: i32| from + sign * width * BEYOND * f64::from(power - DOUBLINGS).exp2();
        let places = (0..=DOUBLINGS).map(at);
        std::iter::once(from).chain(places).find(|z| !far(*z)).unwrap_or(at(DOUBLINGS))
    };
    [farthest(low, -1.0, below) - width / 16.0, farthest(high, 1.0, above) + width / 16.0]
}

/// The weight of every place: of the numbers nearest to it, and its part of what is spread evenly.
fn weights(places: &[f64], density: &Density) -> Vec<f64> {
    let [first, last] = [places[0], places[places.len() - 1]];
    let middles: Vec<f64> = places.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect();
    let bound = |at: usize| middles.get(at).copied().unwrap_or(last);
    let mut weights: Vec<f64> = (0..places.len())
        .map(|at| UNSEEN * (bound(at) - if at == 0 { first } else { bound(at - 1) }) / (last - first))
        .collect();
    let mut at = 0;
    for [z, weight] in density.weighted() {
        while middles.get(at).is_some_and(|middle| middle < z) {
            at += 1;
        }
        weights[at] += (1.0 - UNSEEN) * weight;
    }
    weights
}
