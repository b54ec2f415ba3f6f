//! Resize by linear and cubic interpolation: positions are repeated and then averaged, all in one depthwise layer.
//!
//! With `s` positions from element to element, the mean over `s` neighbours of the repeated positions `x[floor(j / s)]` is
//! the straight line between two elements; other weights of `3 s + 1` neighbours are a cubic. Outputs that are `p / q`
//! elements apart are every `p`-th position for `s = q`. Interpolation that is centred on pixels may lie between two
//! positions: one neighbour more, the outer two of less weight. Beyond its edges the map continues with its outermost
//! elements, which are added as views of them.

use super::build::{Builder, Tensor};
use super::constant::MAX_MADE;
use super::error::Problem;
use super::kernel::Kernel;
use crate::graph::{Axis, MAX_TENSOR_LEN, Op};
use brelu_core::geometry::{Conv2d, Shape};

/// Most positions between two elements: a resize that needs more is no part of a network.
const MAX_GRID: u32 = 512;

/// Error of a position, in elements: no more than that of the runtimes, which compute in `f32`.
const TOLERANCE: f64 = 1e-5;

/// Most elements of a map between rows and columns that are resized in one layer by other than whole steps.
const MAX_BETWEEN: u64 = 1 << 24;

/// Where output positions of an axis lie: position `i` at `first + i * step`, in elements of the input.
pub(super) struct Line {
    pub(super) first: f64,
    pub(super) step: f64,
}

/// How an axis is resized: with `grid` positions from element to element, of which output `i` reads as many as there are
/// weights from `start + i * stride` on.
pub(super) struct Stretch {
    /// Elements before and after.
    from: u32,
    to: u32,
    /// How often an element is repeated.
    grid: u32,
    /// The repeated position at which the first mean begins; negative before the map.
    start: i64,
    stride: u16,
    /// Weights of the neighbours.
    weights: Vec<f32>,
}

impl Stretch {
    /// The axis as it is, or its only element repeated.
    pub(super) fn constant(from: u32, to: u32) -> Self {
        let grid = if from == 1 { to } else { 1 };
        Self { from, to, grid, start: 0, stride: 1, weights: vec![1.0] }
    }

    /// From `from` to `to` elements at the positions of a line; nothing if its step is no fraction that is small enough.
    pub(super) fn new(from: u32, to: u32, line: &Line, kernel: Kernel) -> Option<Self> {
        let distance = f64::from(to.saturating_sub(1).max(1));
        let off = |grid: f64| (line.step * grid - (line.step * grid).round()).abs() / grid * distance;
        let grid = (1..=MAX_GRID).find(|grid| off(f64::from(*grid)) < TOLERANCE)?;
        let first = snapped(line.first * f64::from(grid));
        let stride = (line.step * f64::from(grid)).round();
        if !(0.0..=f64::from(u16::MAX)).contains(&stride) || first.abs() > 1e9 {
            return None;
        }
        let (start, part) = (first.floor() as i64, first - first.floor());
        let (before, weights) = kernel.weights(grid, part);
        // The step of a single output is 0.
        Some(Self { from, to, grid, start: start - before, stride: (stride as u16).max(1), weights })
    }

    /// Repeated positions that are read.
    fn reach(&self) -> u32 {
        let steps = self.to.saturating_sub(1).saturating_mul(self.stride.into());
        steps.saturating_add(self.weights.len() as u32)
    }

    fn is_constant(&self) -> bool {
        self.weights.len() == 1 && self.stride == 1
    }

    /// What lies within the map, and for each edge beyond which positions are read the edge and what repeats it there.
    fn views(&self) -> (Axis, Vec<[Axis; 2]>) {
        let (grid, len) = (i64::from(self.grid), self.reach());
        let repeated = |add, den| Axis { len, num: 1, add, den };
        let inside = repeated(self.start, grid);
        let edge = |at: u32| Axis::slice(1, at.into(), 1);
        let mut edges = Vec::new();
        if self.start < 0 {
            let width = grid.max(-self.start);
            edges.push([edge(0), repeated(self.start + width, width)]);
        }
        let end = i64::from(self.from) * grid;
        let beyond = self.start + i64::from(len) - end;
        if beyond > 0 {
            edges.push([edge(self.from - 1), repeated(self.start - end, grid.max(beyond))]);
        }
        (inside, edges)
    }
}

/// Whole and half positions without what computing them has added.
fn snapped(at: f64) -> f64 {
    let near = (2.0 * at).round() / 2.0;
    if (near - at).abs() < TOLERANCE { near } else { at }
}

/// Rows and columns of `x` by their stretches, in one layer if the map between is not too large.
pub(super) fn stretch(build: &mut Builder, x: &Tensor, [rows, columns]: [Stretch; 2]) -> Problem<Tensor> {
    x.planes()?;
    let between = x.dims[1] as u64 * u64::from(rows.reach()) * u64::from(columns.reach());
    let whole = rows.stride == 1 && columns.stride == 1;
    if whole || rows.is_constant() || columns.is_constant() || between <= MAX_BETWEEN {
        return layer(build, x, &[rows, columns]);
    }
    let [height, width] =
        [rows.to, columns.from].map(|size| Stretch { stride: 1, ..Stretch::constant(size, size) });
    let x = layer(build, x, &[rows, width])?;
    layer(build, &x, &[height, columns])
}

fn layer(build: &mut Builder, x: &Tensor, axes: &[Stretch; 2]) -> Problem<Tensor> {
    let [rows, columns] = axes;
    let window = rows.weights.len() * columns.weights.len();
    let between = x.dims[1] as u64 * u64::from(rows.reach()) * u64::from(columns.reach());
    if window.saturating_mul(x.dims[1]) > MAX_MADE || between > MAX_TENSOR_LEN {
        return Err(format!("interpolates {} channels by windows of {window}, which is too much", x.dims[1]));
    }
    let mut repeated = x.clone();
    for (axis, stretch) in axes.iter().enumerate() {
        repeated = continued(build, &repeated, axis, stretch)?;
    }
    if rows.is_constant() && columns.is_constant() {
        return Ok(repeated);
    }
    let [_, channels, height, width] = repeated.dims[..] else { return Err("it is no map".into()) };
    let input = Shape::new(channels as u32, height as u32, width as u32);
    let groups = input.channels;
    let kernel = [rows.weights.len() as u16, columns.weights.len() as u16];
    let stride = [rows.stride, columns.stride];
    let geometry = Conv2d { groups, kernel, stride, ..Conv2d::square(input, groups, 1, 1, 0) };
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
