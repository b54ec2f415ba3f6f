//! Resize by linear interpolation, where the map grows by whole steps: positions are repeated and then averaged.
//!
//! With a step of `s`, the mean over `s` neighbours of the repeated positions `x[floor(j / s)]` is the straight line
//! between two elements. Interpolation that is centred on pixels needs `s + 1` neighbours for an even `s`, the outer two of
//! half the weight. Beyond its edges the map continues with its outermost elements, which are added as views of them.

use super::build::{Builder, Tensor};
use super::constant::MAX_MADE;
use super::error::Problem;
use crate::graph::{Axis, Op};
use brelu_core::geometry::{Conv2d, Shape};

/// Largest step: a resize beyond it is no part of a network.
const MAX_STEP: u32 = 64;

/// How an axis grows.
pub(super) struct Stretch {
    /// Elements before and after.
    from: u32,
    to: u32,
    /// How often a position is repeated.
    step: u32,
    /// The repeated position at which the first mean begins; negative before the map.
    start: i64,
    /// Weights of the neighbours.
    weights: Vec<f32>,
}

impl Stretch {
    /// The axis as it is, or its only element repeated.
    fn constant(from: u32, to: u32) -> Self {
        let step = if from == 1 { to } else { 1 };
        Self { from, to, step, start: 0, weights: vec![1.0] }
    }

    /// From `from` to `to` elements by the rule of this name; `scale` is what the file multiplies sizes by.
    pub(super) fn new(from: u32, to: u32, scale: f32, coordinates: &str) -> Option<Self> {
        if from == 1 || (from == to && (scale == 1.0 || coordinates == "align_corners")) {
            return Some(Self::constant(from, to));
        }
        let whole = |num: u32, den: u32| (den > 0 && num.is_multiple_of(den)).then(|| num / den);
        let step = match coordinates {
            "align_corners" => whole(to.checked_sub(1)?, from - 1)?,
            _ => whole(to, from).filter(|step| *step as f32 == scale)?,
        };
        if !(1..=MAX_STEP).contains(&step) {
            return None;
        }
        let (start, ends) = match coordinates {
            "align_corners" | "asymmetric" => (0, None),
            "half_pixel" | "pytorch_half_pixel" | "half_pixel_symmetric" if step % 2 == 1 => {
                (-i64::from(step / 2), None)
            }
            "half_pixel" | "pytorch_half_pixel" | "half_pixel_symmetric" => (-i64::from(step / 2), Some(0.5)),
            _ => return None,
        };
        let mut weights = vec![1.0 / step as f32; step as usize];
        if let Some(share) = ends {
            weights[0] *= share;
            weights.push(weights[0]);
        }
        Some(Self { from, to, step, start, weights })
    }

    /// Repeated positions that are read.
    fn reach(&self) -> u32 {
        self.to + self.weights.len() as u32 - 1
    }

    /// What lies within the map, and for each edge beyond which positions are read the edge and what repeats it there.
    fn views(&self) -> (Axis, Vec<[Axis; 2]>) {
        let (step, len) = (i64::from(self.step), self.reach());
        let repeated = |add| Axis { len, num: 1, add, den: step };
        let inside = repeated(self.start);
        let edge = |at: u32| Axis::slice(1, at.into(), 1);
        let mut edges = Vec::new();
        if self.start < 0 {
            edges.push([edge(0), repeated(self.start + step)]);
        }
        let end = i64::from(self.from) * step;
        if self.start + i64::from(len) > end {
            edges.push([edge(self.from - 1), repeated(self.start - end)]);
        }
        (inside, edges)
    }
}

/// Rows and columns of `x` by their stretches.
pub(super) fn stretch(build: &mut Builder, x: &Tensor, axes: &[Stretch; 2]) -> Problem<Tensor> {
    x.planes()?;
    let mut repeated = x.clone();
    for (axis, stretch) in axes.iter().enumerate() {
        repeated = continued(build, &repeated, axis, stretch)?;
    }
    let [rows, columns] = axes;
    let kernel = [rows.weights.len() as u16, columns.weights.len() as u16];
    if kernel == [1; 2] {
        return Ok(repeated);
    }
    let [_, channels, height, width] = repeated.dims[..] else { return Err("it is no map".into()) };
    let input = Shape::new(channels as u32, height as u32, width as u32);
    let groups = input.channels;
    let geometry = Conv2d { groups, kernel, ..Conv2d::square(input, groups, 1, 1, 0) };
    let window = rows.weights.len() * columns.weights.len();
    if window.saturating_mul(channels) > MAX_MADE {
        return Err(format!("interpolates {channels} channels by windows of {window}, which is too much"));
    }
    let plane = rows.weights.iter().flat_map(|row| columns.weights.iter().map(move |column| row * column));
    let weights = plane.collect::<Vec<f32>>().repeat(channels);
    build.push(Op::Conv { geometry, weights, bias: vec![0.0; channels] }, &[&repeated])
}

/// Repeats the positions of an axis (0 for rows), the outermost ones beyond the edges too.
fn continued(build: &mut Builder, x: &Tensor, axis: usize, stretch: &Stretch) -> Problem<Tensor> {
    let (inside, edges) = stretch.views();
    let mut sum = view(build, x, axis, inside)?;
    for [edge, repeated] in edges {
        let edge = view(build, x, axis, edge)?;
        let beyond = view(build, &edge, axis, repeated)?;
        sum = build.push(Op::Add, &[&sum, &beyond])?;
    }
    Ok(sum)
}

fn view(build: &mut Builder, x: &Tensor, axis: usize, along: Axis) -> Problem<Tensor> {
    let mut axes: Vec<Axis> = x.dims.iter().map(|size| Axis::identity(*size as u32)).collect();
    axes[2 + axis] = along;
    build.view(x, &axes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, run};

    /// Interpolation of one axis as the standard words it.
    fn standard(x: &[f32], to: u32, coordinates: &str) -> Vec<f32> {
        let (size, len) = (x.len() as f64, f64::from(to));
        let at = |i: u32| match coordinates {
            "align_corners" => f64::from(i) * (size - 1.0) / (len - 1.0),
            "asymmetric" => f64::from(i) * size / len,
            _ => (f64::from(i) + 0.5) * size / len - 0.5,
        };
        let value = |at: f64| x[at.clamp(0.0, size - 1.0) as usize];
        let between = |at: f64| {
            let part = (at - at.floor()) as f32;
            value(at.floor()) * (1.0 - part) + value(at.floor() + 1.0) * part
        };
        (0..to).map(|i| between(at(i))).collect()
    }

    fn stretched(x: &[f32], shape: Shape, axes: [Stretch; 2]) -> Vec<f32> {
        let mut build = Builder::new(Graph::new("g", "x", shape).unwrap());
        build.begin("resize");
        let dims = [1, shape.channels, shape.height, shape.width].map(|size| size as usize).to_vec();
        let input = Tensor { id: build.graph.input, dims, bytes: false };
        build.graph.output = stretch(&mut build, &input, &axes).unwrap().id;
        run(&build.graph, x).unwrap()
    }

    #[test]
    fn rows_and_columns_are_those_of_the_standard() {
        let x = [0.5, -2.0, 3.0, 1.25, 8.0];
        for (coordinates, sizes) in [
            ("align_corners", [9, 17, 13, 5]),
            ("asymmetric", [5, 10, 15, 40]),
            ("half_pixel", [5, 10, 15, 40]),
            ("pytorch_half_pixel", [10, 20, 25, 5]),
        ] {
            for to in sizes {
                let want = standard(&x, to, coordinates);
                let along = || Stretch::new(5, to, to as f32 / 5.0, coordinates).unwrap();
                let rows = stretched(&x, Shape::new(1, 5, 1), [along(), Stretch::constant(1, 1)]);
                let columns = stretched(&x, Shape::new(1, 1, 5), [Stretch::constant(1, 1), along()]);
                for got in [rows, columns] {
                    assert_eq!(got.len(), want.len());
                    let close = got.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-5);
                    assert!(close, "{coordinates} {to}: {got:?}, not {want:?}");
                }
            }
        }
    }

    #[test]
    fn planes_are_stretched_in_both_directions() {
        let x: Vec<f32> = (0..12).map(|at| ((at * at) % 11) as f32).collect();
        let half = |from, to, scale| Stretch::new(from, to, scale, "half_pixel").unwrap();
        let got = stretched(&x, Shape::new(2, 2, 3), [half(2, 8, 4.0), half(3, 6, 2.0)]);
        let mut want = Vec::new();
        for channel in x.chunks(6) {
            let columns: Vec<Vec<f32>> =
                channel.chunks(3).map(|row| standard(row, 6, "half_pixel")).collect();
            for i in 0..8 {
                want.extend((0..6).map(|j| standard(&[columns[0][j], columns[1][j]], 8, "half_pixel")[i]));
            }
        }
        assert!(got.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-5), "{got:?}, not {want:?}");
    }

    #[test]
    fn uneven_steps_are_none() {
        for (from, to, scale, coordinates) in [
            (5, 9, 1.8, "half_pixel"),
            (5, 10, 2.1, "half_pixel"),
            (6, 3, 0.5, "half_pixel"),
            (5, 10, 2.0, "align_corners"),
            (5, 10, 2.0, "tf_crop_and_resize"),
            (2, 1000, 500.0, "half_pixel"),
        ] {
            assert!(Stretch::new(from, to, scale, coordinates).is_none(), "{coordinates} {from} {to}");
        }
    }
}
