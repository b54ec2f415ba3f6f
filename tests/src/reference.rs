//! A plan on plain integers, in interval arithmetic: every element comes with the smallest and largest value the protocol
//! may give it, from the stated errors alone (1.5 units for a truncation, none where nothing is dropped; either decision
//! near zero). Plain loops, no code of the protocol.

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Axis, Channel, Edge, Local, Node, NodeId, Op, Piecewise, Plan};
use brelu_host::weights::Weights;

/// The values an element may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Smallest value.
    pub low: i64,
    /// Largest value.
    pub high: i64,
}

impl Interval {
    /// A known value.
    pub const fn exactly(value: i64) -> Self {
        Self { low: value, high: value }
    }

    /// Whether `value` is possible.
    pub fn contains(&self, value: i64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// How far apart the ends are.
    pub fn width(&self) -> i64 {
        self.high - self.low
    }

    fn add(self, other: Self) -> Self {
        Self { low: self.low + other.low, high: self.high + other.high }
    }

    fn times(self, factor: i64) -> Self {
        let (a, b) = (self.low * factor, self.high * factor);
        Self { low: a.min(b), high: a.max(b) }
    }

    fn by(self, other: Self) -> Self {
        let (a, b) = (self.times(other.low), self.times(other.high));
        Self { low: a.low.min(b.low), high: a.high.max(b.high) }
    }

    fn with_zero(self) -> Self {
        Self { low: self.low.min(0), high: self.high.max(0) }
    }
}

const ZERO: Interval = Interval::exactly(0);

/// Computes the output of `plan`, and the largest magnitude any tensor may have relative to its range contract: up to 1
/// the protocol promises the result.
pub fn run(plan: &Plan<'_>, weights: &Weights, input: &[i32]) -> (Vec<Interval>, f64) {
    let mut tensors: Vec<Vec<Interval>> = Vec::new();
    let mut load: f64 = 0.0;
    for (id, node) in plan.nodes() {
        let out = step(plan, weights, input, id, &node, &tensors);
        load = load.max(load_of(plan, &node, &tensors));
        tensors.push(out);
    }
    (tensors.pop().unwrap_or_default(), load)
}

fn load_of(plan: &Plan<'_>, node: &Node<'_>, tensors: &[Vec<Interval>]) -> f64 {
    let Op::Activation { input, window, channels } = &node.op else { return 0.0 };
    let from = plan.node(*input);
    let values = &tensors[usize::from(*input)];
    let largest =
        |values: &[Interval]| values.iter().map(|v| v.low.abs().max(v.high.abs())).max().unwrap_or(0) as f64;
    // Within one ring the selection is right modulo its size, whatever the value is.
    let limit = if node.bits == from.bits { 32 } else { from.bits - 2 };
    let mut load = largest(values) / f64::from(limit).exp2();
    for (index, plane) in values.chunks(from.shape.plane()).enumerate() {
        if let Channel::Blocks { height, width, lo } = channels.get(index) {
            let bits = (from.bits - 1).min(lo + window - 1);
            for knot in channels.function(index).knots() {
                let sums = block_sums(from.shape, &moved(plane, knot.at), height, width);
                // The rounding of the window adds half a unit of its lowest bit.
                load = load.max((largest(&sums) + f64::from(1 << lo)) / f64::from(bits).exp2());
            }
        }
    }
    load
}

fn step(
    plan: &Plan<'_>,
    weights: &Weights,
    input: &[i32],
    id: NodeId,
    node: &Node<'_>,
    tensors: &[Vec<Interval>],
) -> Vec<Interval> {
    let get = |id: &NodeId| (plan.node(*id).shape, tensors[usize::from(*id)].as_slice());
    match &node.op {
        Op::Input => input.iter().map(|value| Interval::exactly(i64::from(*value))).collect(),
        Op::Linear { terms, fraction } => {
            let (maps, bias) = weights.linear(id);
            let mut out: Vec<Interval> = (0..node.shape.len())
                .map(|at| Interval::exactly(i64::from(bias[at / node.shape.plane()])))
                .collect();
            for (term, weights) in terms.iter().zip(maps) {
                convolve(&term.map, weights, get(&term.input).1, &mut out);
            }
            out.into_iter().map(|value| truncated(value, *fraction)).collect()
        }
        Op::Local(Local::Add { inputs: [left, right], subtract }) => {
            let sign = if *subtract { -1 } else { 1 };
            get(left).1.iter().zip(get(right).1).map(|(left, right)| left.add(right.times(sign))).collect()
        }
        Op::Local(Local::Offset { input }) => {
            let (shape, values) = get(input);
            let offset = |at: usize| Interval::exactly(i64::from(weights.offset(id)[at / shape.plane()]));
            values.iter().enumerate().map(|(at, value)| value.add(offset(at))).collect()
        }
        Op::Local(Local::Concat { inputs }) => {
            inputs.iter().flat_map(|input| get(input).1).copied().collect()
        }
        Op::Local(Local::Reshape { input }) => get(input).1.to_vec(),
        Op::Local(Local::Permute { input, permutation }) => {
            permute(permutation.dims(), permutation.order(), get(input).1)
        }
        Op::Local(Local::Shift { input, by }) => {
            get(input).1.iter().map(|value| value.times(1 << by)).collect()
        }
        Op::Local(Local::SumPool { input, windows }) => {
            pool(node.shape, get(input), windows.kernel, windows.stride, windows.pads)
        }
        Op::Local(Local::View { input, picks }) => view(node.shape, get(input), &picks.axes, picks.edge),
        Op::Product { inputs: [x, gate], fraction } => {
            let ((shape, x), (gates, g)) = (get(x), get(gate));
            let of = |at: usize| if gates == shape { g[at] } else { g[at / shape.plane()] };
            x.iter().enumerate().map(|(at, x)| truncated(x.by(of(at)), *fraction)).collect()
        }
        Op::Activation { input, channels, .. } => {
            let (shape, values) = get(input);
            let planes = values.chunks(shape.plane()).enumerate();
            planes
                .flat_map(|(index, plane)| {
                    let function = channels.function(index);
                    activate(shape, channels.get(index), function, plane)
                })
                .collect()
        }
    }
}

/// Every element goes where its indices along the permuted axes say.
fn permute(dims: &[u32], order: &[u8], x: &[Interval]) -> Vec<Interval> {
    let mut out = x.to_vec();
    for (at, value) in x.iter().enumerate() {
        let (mut index, mut rest) = (vec![0; dims.len()], at);
        for (index, size) in index.iter_mut().zip(dims).rev() {
            (*index, rest) = (rest % *size as usize, rest / *size as usize);
        }
        let target = order.iter().map(|axis| usize::from(*axis));
        out[target.fold(0, |place, axis| place * dims[axis] as usize + index[axis])] = *value;
    }
    out
}

fn truncated(value: Interval, fraction: u8) -> Interval {
    if fraction == 0 {
        return value;
    }
    let unit = 1i64 << fraction;
    // value / unit - 1.5 rounded up, value / unit + 1.5 rounded down
    let low = (2 * value.low - 3 * unit + 2 * unit - 1).div_euclid(2 * unit);
    let high = (2 * value.high + 3 * unit).div_euclid(2 * unit);
    Interval { low, high }
}

fn at(shape: Shape, channel: i64, row: i64, column: i64) -> Option<usize> {
    let inside = |index: i64, size: u32| (0..i64::from(size)).contains(&index);
    (inside(channel, shape.channels) && inside(row, shape.height) && inside(column, shape.width)).then(|| {
        (channel as usize * shape.height as usize + row as usize) * shape.width as usize + column as usize
    })
}

fn convolve(map: &Conv2d, weights: &[i32], x: &[Interval], out: &mut [Interval]) {
    let shape = map.output().unwrap_or(Shape::new(0, 0, 0));
    let per_group = map.out_channels / map.groups;
    for (place, out) in out.iter_mut().enumerate() {
        let (o, y, x0) = coordinates(shape, place);
        for c in 0..map.group_inputs() {
            for ky in 0..u32::from(map.kernel[0]) {
                for kx in 0..u32::from(map.kernel[1]) {
                    let row = i64::from(y * u32::from(map.stride[0]) + ky * u32::from(map.dilation[0]))
                        - i64::from(map.pads[0]);
                    let column = i64::from(x0 * u32::from(map.stride[1]) + kx * u32::from(map.dilation[1]))
                        - i64::from(map.pads[1]);
                    let source =
                        at(map.input, i64::from(o / per_group * map.group_inputs() + c), row, column);
                    let weight = ((o * map.group_inputs() + c) * u32::from(map.kernel[0]) + ky)
                        * u32::from(map.kernel[1])
                        + kx;
                    let value =
                        source.map_or(ZERO, |source| x[source].times(i64::from(weights[weight as usize])));
                    *out = out.add(value);
                }
            }
        }
    }
}

fn coordinates(shape: Shape, place: usize) -> (u32, u32, u32) {
    let (plane, width) = (shape.plane(), shape.width as usize);
    ((place / plane) as u32, (place % plane / width) as u32, (place % width) as u32)
}

fn pool(
    shape: Shape,
    (from, x): (Shape, &[Interval]),
    kernel: [u16; 2],
    stride: [u16; 2],
    pads: [u16; 2],
) -> Vec<Interval> {
    let sum = |place| {
        let (c, y, x0) = coordinates(shape, place);
        let mut sum = ZERO;
        for ky in 0..i64::from(kernel[0]) {
            for kx in 0..i64::from(kernel[1]) {
                let row = i64::from(y) * i64::from(stride[0]) + ky - i64::from(pads[0]);
                let column = i64::from(x0) * i64::from(stride[1]) + kx - i64::from(pads[1]);
                sum = sum.add(at(from, i64::from(c), row, column).map_or(ZERO, |at| x[at]));
            }
        }
        sum
    };
    (0..shape.len()).map(sum).collect()
}

fn view(shape: Shape, (from, x): (Shape, &[Interval]), axes: &[Axis; 3], edge: Edge) -> Vec<Interval> {
    let source = |axis: &Axis, index: u32, size: u32| {
        let index =
            (i64::from(index) * i64::from(axis.num) + i64::from(axis.add)).div_euclid(i64::from(axis.den));
        if edge == Edge::Clamp { index.clamp(0, i64::from(size) - 1) } else { index }
    };
    let pick = |place| {
        let (c, y, x0) = coordinates(shape, place);
        let (c, y, x0) = (
            source(&axes[0], c, from.channels),
            source(&axes[1], y, from.height),
            source(&axes[2], x0, from.width),
        );
        at(from, c, y, x0).map_or(ZERO, |at| x[at])
    };
    (0..shape.len()).map(pick).collect()
}

fn block_sums(shape: Shape, plane: &[Interval], height: u16, width: u16) -> Vec<Interval> {
    let columns = shape.width.div_ceil(u32::from(width));
    let rows = shape.height.div_ceil(u32::from(height));
    let mut sums = vec![ZERO; (rows * columns) as usize];
    for (place, value) in plane.iter().enumerate() {
        let (row, column) =
            (place as u32 / shape.width / u32::from(height), place as u32 % shape.width / u32::from(width));
        let sum = &mut sums[(row * columns + column) as usize];
        *sum = sum.add(*value);
    }
    sums
}

/// A plane minus a number.
fn moved(plane: &[Interval], by: i32) -> Vec<Interval> {
    plane.iter().map(|value| value.add(Interval::exactly(-i64::from(by)))).collect()
}

fn activate(shape: Shape, channel: Channel, function: Piecewise<'_>, plane: &[Interval]) -> Vec<Interval> {
    let (height, width, lo) = match channel {
        Channel::Identity => return plane.to_vec(),
        Channel::Zero => return vec![ZERO; plane.len()],
        Channel::Blocks { height, width, lo } => (height, width, lo),
    };
    let line = |value: &Interval| {
        value.times(i64::from(function.slope())).add(Interval::exactly(i64::from(function.offset())))
    };
    let mut sum: Vec<Interval> = plane.iter().map(line).collect();
    for knot in function.knots() {
        let passed = passed(shape, [height, width], lo, &moved(plane, knot.at));
        for (sum, passed) in sum.iter_mut().zip(passed) {
            *sum = sum.add(passed.times(i64::from(knot.slope)));
        }
    }
    sum
}

/// The pixels of blocks whose sum is not negative, zero elsewhere.
fn passed(shape: Shape, [height, width]: [u16; 2], lo: u8, plane: &[Interval]) -> Vec<Interval> {
    let sums = block_sums(shape, plane, height, width);
    let columns = shape.width.div_ceil(u32::from(width));
    let doubtful = if lo == 0 { 0 } else { 1i64 << (lo - 1) };
    let decide = |place: usize| {
        let (row, column) =
            (place as u32 / shape.width / u32::from(height), place as u32 % shape.width / u32::from(width));
        let sum = sums[(row * columns + column) as usize];
        let (surely, never) =
            if lo == 0 { (sum.low >= 0, sum.high < 0) } else { (sum.low > doubtful, sum.high < -doubtful) };
        if surely {
            plane[place]
        } else if never {
            ZERO
        } else {
            plane[place].with_zero()
        }
    };
    (0..plane.len()).map(decide).collect()
}
