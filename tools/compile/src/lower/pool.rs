//! Pooling: means as sums, maxima as tournaments.
//!
//! A maximum is taken along rows first and then along columns. In each direction the elements of the window are strided
//! views of the tensor; a level of the tournament replaces pairs of them by `q + ReLU(p - q)`, all pairs in one
//! activation layer. A view that sticks out of the tensor repeats its edge, which changes no maximum as long as the edge
//! belongs to the same window.

use brelu_core::geometry::Shape;
use brelu_core::plan::{Axis, Channel, Edge, Local, Picks, Windows};

use super::super::CompileError;
use super::super::net::{Id, Op, Term};
use super::{Lowering, depthwise};
use brelu_networks::graph::{self, Window};

impl Lowering<'_> {
    pub(super) fn max_pool(&mut self, node: &graph::Node, window: &Window) -> Result<Id, CompileError> {
        let input = node.inputs[0];
        if !self.roles.is_absorbed(input) {
            let x = self.id(input)?;
            return self.maximum(&node.name, x, window);
        }
        let graph = self.graph;
        let parts = self.roles.parts(graph, input);
        let mut pooled = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let layer = &graph[*part];
            let x = self.id(layer.inputs[0])?;
            let name = if parts.len() == 1 { node.name.clone() } else { format!("{}/{index}", node.name) };
            let x = self.maximum(&name, x, window)?;
            let graph::Op::Activation(functions) = &layer.op else { continue };
            pooled.push(self.activation(layer, functions, x)?);
        }
        Ok(self.net.concat(&node.name, pooled))
    }

    fn maximum(&mut self, name: &str, x: Id, window: &Window) -> Result<Id, CompileError> {
        let x = self.along(name, x, window, 1)?;
        self.along(name, x, window, 0)
    }

    /// The maximum along rows (axis 0) or columns (axis 1).
    fn along(&mut self, name: &str, x: Id, window: &Window, axis: usize) -> Result<Id, CompileError> {
        let from = self.net.shape(x);
        let size = [from.height, from.width][axis];
        let misfit = || CompileError::node(name, "its window does not fit its input");
        let len = window.output(size, axis).ok_or_else(misfit)?;
        check_clamping(name, window, axis, size, len)?;
        let (stride, dilation) = (i32::from(window.stride[axis]), i32::from(window.dilation[axis]));
        let starts = (0..i32::from(window.kernel[axis])).map(|k| k * dilation - i32::from(window.pads[axis]));
        if window.kernel[axis] == 1 && stride == 1 {
            return Ok(x);
        }
        let mut players = Vec::new();
        for start in starts {
            let mut axes = [Axis::SAME; 3];
            axes[axis + 1] = Axis::slice(start, stride);
            let mut shape = from;
            *[&mut shape.height, &mut shape.width][axis] = len;
            let view = Local::View { input: x, picks: Picks { axes, edge: Edge::Clamp } };
            players.push(self.net.push(format!("{name}/view"), shape, view));
        }
        while players.len() > 1 {
            players = self.level(name, &players);
        }
        Ok(players[0])
    }

    /// One level of the tournament: half as many players, the odd one passes.
    fn level(&mut self, name: &str, players: &[Id]) -> Vec<Id> {
        let (pairs, odd) = players.as_chunks::<2>();
        let differences: Vec<Id> =
            pairs.iter().map(|[p, q]| self.net.add(format!("{name}/difference"), *p, *q, true)).collect();
        let input = self.net.concat(&format!("{name}/differences"), differences);
        let shape = self.net.shape(input);
        let channels = vec![Channel::relu(0); shape.channels as usize];
        let gains = self.net.push(format!("{name}/max"), shape, Op::relu(input, channels));
        let count = shape.channels / pairs.len() as u32;
        let mut winners = Vec::new();
        for (index, [_, q]) in pairs.iter().enumerate() {
            let gain = match pairs.len() {
                1 => gains,
                _ => self.net.slice(format!("{name}/gain"), gains, index as u32 * count, count),
            };
            winners.push(self.net.add(format!("{name}/winner"), *q, gain, false));
        }
        winners.extend(odd);
        winners
    }

    pub(super) fn average_pool(
        &mut self,
        node: &graph::Node,
        input: Id,
        window: &Window,
        count_include_pad: bool,
    ) -> Result<Id, CompileError> {
        let from = self.net.shape(input);
        let dilated = (0..2).any(|axis| window.kernel[axis] > 1 && window.dilation[axis] > 1);
        let counts = window.counts(from, node.shape, count_include_pad);
        match uniform_area(&counts) {
            Some(area) if dilated => self.dilated_mean(node, input, window, area),
            Some(area) => Ok(self.sum_pool(&node.name, node.shape, input, window, area)),
            None if dilated => Err(CompileError::node(
                &node.name,
                "it divides by another number at the edges: pad with zeros that count (count_include_pad = 1) \
                 or without sticking out of the map",
            )),
            None => self.uneven_mean(node, input, window, &counts),
        }
    }

    /// Sums over windows, divided by `area`.
    fn sum_pool(&mut self, name: &str, shape: Shape, input: Id, window: &Window, area: u32) -> Id {
        let pads = [window.pads[0], window.pads[1]];
        let windows = Windows { kernel: window.kernel, stride: window.stride, pads };
        let sum = self.net.push(name, shape, Local::SumPool { input, windows });
        self.net.nodes[sum].divisor = area;
        sum
    }

    /// Windows of different areas: all are divided by the largest one, and what that is too much is a factor of every
    /// element, a linear map of the tensor with its elements as channels.
    fn uneven_mean(
        &mut self,
        node: &graph::Node,
        input: Id,
        window: &Window,
        [rows, columns]: &[Vec<usize>; 2],
    ) -> Result<Id, CompileError> {
        let areas: Vec<usize> =
            rows.iter().flat_map(|rows| columns.iter().map(move |columns| rows * columns)).collect();
        let largest = areas.iter().copied().max().unwrap_or(1);
        let area = u32::try_from(largest)
            .map_err(|_| CompileError::node(&node.name, "its windows are too large"))?;
        let sum = self.sum_pool(&format!("{}/sum", node.name), node.shape, input, window, area);
        let flat = node.shape.flat();
        let elements = self.net.push(format!("{}/elements", node.name), flat, Local::Reshape { input: sum });
        let factors: Vec<f32> = areas.iter().map(|area| largest as f32 / *area as f32).collect();
        let weights = factors.repeat(node.shape.channels as usize);
        let term = Term::new(elements, depthwise(flat, [1; 2]), weights)?;
        let bias = vec![0.0; flat.channels as usize];
        let linear = Op::Linear { terms: vec![term], bias };
        let scaled = self.net.push(format!("{}/scaled", node.name), flat, linear);
        Ok(self.net.push(&node.name, node.shape, Local::Reshape { input: scaled }))
    }

    /// A mean with gaps is a depthwise convolution.
    fn dilated_mean(
        &mut self,
        node: &graph::Node,
        input: Id,
        window: &Window,
        area: u32,
    ) -> Result<Id, CompileError> {
        let mut map = depthwise(self.net.shape(input), window.kernel);
        (map.stride, map.dilation, map.pads) = (window.stride, window.dilation, window.pads);
        if map.output() != Some(node.shape) {
            return Err(CompileError::node(
                &node.name,
                "its dilated windows stick out of the map: pad it instead",
            ));
        }
        let bias = vec![0.0; map.out_channels as usize];
        let term = Term::new(input, map, vec![1.0 / area as f32; map.weight_len()])?;
        Ok(self.net.push(&node.name, node.shape, Op::Linear { terms: vec![term], bias }))
    }
}

/// Whether every element that a view repeats at an edge belongs to the window that reads it.
fn check_clamping(name: &str, window: &Window, axis: usize, size: u32, len: u32) -> Result<(), CompileError> {
    let dilation = i64::from(window.dilation[axis]);
    let inside = |i: u32| {
        let start = i64::from(i) * i64::from(window.stride[axis]) - i64::from(window.pads[axis]);
        let end = start + (i64::from(window.kernel[axis]) - 1) * dilation;
        let last = i64::from(size) - 1;
        let left = start >= 0 || (start % dilation == 0 && end >= 0);
        let right = end <= last || ((last - start) % dilation == 0 && start <= last);
        left && right
    };
    match (0..len).all(inside) {
        true => Ok(()),
        false => Err(CompileError::node(
            name,
            "its dilated windows stick out of the map and miss the edge: use no padding, or a step, a padding and a map \
             size that are multiples of the dilation",
        )),
    }
}

/// What all windows divide by, if it is the same everywhere.
fn uniform_area([rows, columns]: &[Vec<usize>; 2]) -> Option<u32> {
    let uniform = |counts: &[usize]| {
        let (first, rest) = counts.split_first()?;
        rest.iter().all(|count| count == first).then_some(*first)
    };
    u32::try_from(uniform(rows)?.checked_mul(uniform(columns)?)?).ok().filter(|area| *area > 0)
}
