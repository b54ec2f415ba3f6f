//! The continuous piecewise-linear function with knots at given places that misses least, and better places.

use super::grid::Grid;

/// How far knots are moved at first and at last, in parts of the distance to the next one.
const FIRST: f64 = 0.3;
const LAST: f64 = 0.01;

/// Knots and the values there, the first and the last on the lines beyond.
pub(super) type Vertices = Vec<[f64; 2]>;

/// The best values at `places`, moved as long as that helps.
pub(super) fn refined(grid: &Grid, mut places: Vec<f64>) -> Vertices {
    let mut best = valued(grid, &places);
    let mut error = missed(grid, &best);
    let mut part = FIRST;
    while part > LAST {
        let mut moved = false;
        for knot in 0..places.len() {
            for sign in [-1.0, 1.0] {
                let tried = shifted(&places, knot, sign * part, grid.step());
                let vertices = valued(grid, &tried);
                let missed = missed(grid, &vertices);
                if missed < error * (1.0 - 1e-4) {
                    (places, best, error, moved) = (tried, vertices, missed, true);
                }
            }
        }
        part *= if moved { 1.0 } else { 0.5 };
    }
    best
}

/// The places with one of them moved by a part of its distance to the next.
fn shifted(places: &[f64], knot: usize, part: f64, step: f64) -> Vec<f64> {
    let next =
        if part < 0.0 { knot.checked_sub(1).map(|at| places[at]) } else { places.get(knot + 1).copied() };
    let mut moved = places.to_vec();
    moved[knot] += part * next.map_or(4.0 * step, |next| (next - places[knot]).abs());
    moved
}

/// The value of a polygon, whose lines beyond its ends are the grid's.
fn of(grid: &Grid, vertices: &[[f64; 2]], z: f64) -> f64 {
    let after = vertices.partition_point(|[place, _]| *place <= z);
    match (after, vertices.len()) {
        (0, _) => grid.ends()[0].of(z),
        (after, count) if after == count => grid.ends()[1].of(z),
        _ => {
            let [[from, low], [to, high]] = [vertices[after - 1], vertices[after]];
            low + (high - low) * (z - from) / (to - from)
        }
    }
}

fn missed(grid: &Grid, vertices: &[[f64; 2]]) -> f64 {
    grid.error(|z| of(grid, vertices, z))
}

/// The values at `places` by weighted least squares; the outermost are given by the lines beyond.
fn valued(grid: &Grid, places: &[f64]) -> Vertices {
    let (count, [below, above]) = (places.len(), grid.ends());
    // Normal equations of the hats around the places: a symmetric matrix of three diagonals.
    let (mut own, mut beside, mut right) = (vec![0.0; count], vec![0.0; count], vec![0.0; count]);
    for point in grid.points() {
        let after = places.partition_point(|place| *place <= point.z);
        if after == 0 || after == count {
            continue;
        }
        let part = (point.z - places[after - 1]) / (places[after] - places[after - 1]);
        let [left, next] = [1.0 - part, part];
        own[after - 1] += point.weight * left * left;
        own[after] += point.weight * next * next;
        beside[after - 1] += point.weight * left * next;
        right[after - 1] += point.weight * left * point.value;
        right[after] += point.weight * next * point.value;
    }
    for (at, value) in [(0, below.of(places[0])), (count - 1, above.of(places[count - 1]))] {
        fixed(at, value, &mut own, &mut beside, &mut right);
    }
    let values = solved(own, &beside, right);
    places.iter().zip(values).map(|(place, value)| [*place, value]).collect()
}

/// Gives unknown `at` its value in a system of three diagonals.
fn fixed(at: usize, value: f64, own: &mut [f64], beside: &mut [f64], right: &mut [f64]) {
    if at > 0 {
        right[at - 1] -= beside[at - 1] * value;
        beside[at - 1] = 0.0;
    }
    if at + 1 < own.len() {
        right[at + 1] -= beside[at] * value;
        beside[at] = 0.0;
    }
    (own[at], right[at]) = (1.0, value);
}

/// The solution of a positive symmetric system of three diagonals. Unknowns that nothing depends on are 0.
fn solved(mut own: Vec<f64>, beside: &[f64], mut right: Vec<f64>) -> Vec<f64> {
    for at in 1..own.len() {
        if own[at - 1] > 0.0 {
            let factor = beside[at - 1] / own[at - 1];
            own[at] -= factor * beside[at - 1];
            right[at] -= factor * right[at - 1];
        }
    }
    let mut values = vec![0.0; own.len()];
    for at in (0..own.len()).rev() {
        let after = if at + 1 < own.len() { beside[at] * values[at + 1] } else { 0.0 };
        values[at] = if own[at] > f64::MIN_POSITIVE { (right[at] - after) / own[at] } else { 0.0 };
    }
    values
}
