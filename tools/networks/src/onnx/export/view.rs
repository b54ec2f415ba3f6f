//! Views: what of every axis is read (Slice, Gather), repeated (Expand), and surrounded by zeros (Pad).

use brelu_core::geometry::Shape;

use super::super::proto::AttributeProto;
use super::Export;
use super::writer::{Writer, int};
use crate::graph::ops::View;
use crate::graph::{Axis, NodeId};

impl Export for View<'_> {
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, x: NodeId) {
        let (from, to) = (sizes(writer.graph[x].shape), sizes(writer.graph[id].shape));
        let parts = [0, 1, 2].map(|at| Part::new(self.0[at], from[at]));
        let steps = match parts.iter().any(|part| part.sources.is_empty()) {
            true => zeros(from, to),
            false => steps(&parts, from),
        };
        let name = writer.graph[id].name.clone();
        let mut value = writer.planes(x);
        let last = steps.len() - 1;
        for (number, step) in steps.into_iter().enumerate() {
            let own = if number == last { name.clone() } else { writer.fresh(format!("{name}/{number}")) };
            value = step.write(writer, own, value);
        }
        writer.set(id, value, false);
    }
}

fn sizes(shape: Shape) -> [u32; 3] {
    [shape.channels, shape.height, shape.width]
}

/// An output axis: zeros, positions of the input axis, zeros.
struct Part {
    before: u32,
    sources: Vec<u32>,
    after: u32,
}

impl Part {
    fn new(axis: &Axis, input: u32) -> Self {
        let all: Vec<Option<u32>> = axis.sources(input).collect();
        let before = all.iter().take_while(|source| source.is_none()).count();
        let sources: Vec<u32> = all[before..].iter().map_while(|source| *source).collect();
        let after = all.len() - before - sources.len();
        Self { before: before as u32, after: after as u32, sources }
    }

    /// What selects the positions.
    fn choice(&self, input: u32) -> Choice {
        let (first, len) = (self.sources[0], self.sources.len());
        let step = |a: u32, b: u32| i64::from(b) - i64::from(a);
        let stride = self.sources.get(1).map_or(1, |second| step(first, *second));
        let regular = self.sources.windows(2).all(|pair| step(pair[0], pair[1]) == stride);
        match regular {
            true if stride == 0 => Choice::Repeat(first),
            true if stride == 1 && len == input as usize => Choice::All,
            true => Choice::Slice { start: first, step: stride },
            false => Choice::Gather,
        }
    }
}

/// What an output axis reads of an input axis.
enum Choice {
    All,
    Slice { start: u32, step: i64 },
    Repeat(u32),
    Gather,
}

/// An operator and what it needs to know of channels, rows and columns.
enum Step {
    Identity,
    /// Axis, first position, step and end (excluded), an axis each.
    Slice(Vec<[i64; 4]>),
    Gather(i64, Vec<i64>),
    Expand([u32; 3]),
    /// Zeros before and after.
    Pad([[u32; 2]; 3]),
}

fn steps(parts: &[Part; 3], from: [u32; 3]) -> Vec<Step> {
    let (mut slices, mut gathers, mut repeats) = (Vec::new(), Vec::new(), false);
    for (at, part) in parts.iter().enumerate() {
        let axis = at as i64 + 1;
        match part.choice(from[at]) {
            Choice::All => {}
            Choice::Slice { start, step } => slices.push(slice(axis, start, step, part.sources.len())),
            Choice::Repeat(position) => {
                repeats = true;
                if from[at] > 1 {
                    slices.push(slice(axis, position, 1, 1));
                }
            }
            Choice::Gather => {
                let indices = part.sources.iter().map(|source| i64::from(*source)).collect();
                gathers.push(Step::Gather(axis, indices));
            }
        }
    }
    let mut steps = Vec::new();
    if !slices.is_empty() {
        steps.push(Step::Slice(slices));
    }
    steps.extend(gathers);
    if repeats {
        steps.push(Step::Expand([0, 1, 2].map(|at| parts[at].sources.len() as u32)));
    }
    let pads = [0, 1, 2].map(|at| [parts[at].before, parts[at].after]);
    if pads != [[0; 2]; 3] {
        steps.push(Step::Pad(pads));
    }
    if steps.is_empty() {
        steps.push(Step::Identity);
    }
    steps
}

fn slice(axis: i64, start: u32, step: i64, len: usize) -> [i64; 4] {
    let end = i64::from(start) + step * len as i64;
    // An end before the first position counts from the end, unless it is far away.
    [axis, start.into(), step, if end < 0 { i64::MIN } else { end }]
}

/// A view that reads nothing: zeros put behind the input, and only they are kept.
fn zeros(from: [u32; 3], to: [u32; 3]) -> Vec<Step> {
    let kept = |at: usize| slice(at as i64 + 1, from[at], 1, to[at] as usize);
    vec![Step::Pad(to.map(|len| [0, len])), Step::Slice((0..3).map(kept).collect())]
}

impl Step {
    fn write(self, writer: &mut Writer, name: String, input: String) -> String {
        let mut inputs = vec![input];
        let mut attributes: Vec<AttributeProto> = Vec::new();
        let operator = match self {
            Self::Identity => "Identity",
            Self::Slice(slices) => {
                // As the operator has them: starts, ends, axes, steps.
                for (role, of) in [("starts", 1), ("ends", 3), ("axes", 0), ("steps", 2)] {
                    let values: Vec<i64> = slices.iter().map(|slice| slice[of]).collect();
                    inputs.push(writer.ints(&name, role, &values));
                }
                "Slice"
            }
            Self::Gather(axis, indices) => {
                inputs.push(writer.ints(&name, "indices", &indices));
                attributes.push(int("axis", axis));
                "Gather"
            }
            Self::Expand(sizes) => {
                let [channels, height, width] = sizes.map(i64::from);
                inputs.push(writer.ints(&name, "shape", &[1, channels, height, width]));
                "Expand"
            }
            Self::Pad(pads) => {
                let side = |of: usize| std::iter::once(0).chain(pads.map(|pad| i64::from(pad[of])));
                let pads: Vec<i64> = side(0).chain(side(1)).collect();
                inputs.push(writer.ints(&name, "pads", &pads));
                "Pad"
            }
        };
        writer.node(operator, name, inputs, attributes)
    }
}
