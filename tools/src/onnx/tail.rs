//! What files do to the result at the end, and the client does itself or can do without: interpolation of a map to the
//! input's size, then a softmax, then the arg-max of the channels.

use std::collections::VecDeque;

use super::call::{Call, axis};
use super::error::Problem;
use super::order::Producers;
use super::proto::NodeProto;
use super::resize;

/// The operations that may be left out, the first one first. Whether each is will be decided with the dimensions known.
pub(super) struct Tail<'model> {
    nodes: VecDeque<&'model NodeProto>,
    /// Rows and columns of the input.
    plane: [usize; 2],
    /// The first of what was left out reads this.
    base: &'model str,
    notes: Vec<String>,
}

impl<'model> Tail<'model> {
    /// The end of the network that computes `end`; with interpolation only if `maps` says so.
    pub(super) fn new(
        producers: &Producers<'model>,
        end: &'model str,
        maps: bool,
        plane: [usize; 2],
    ) -> Self {
        let (mut nodes, mut name, mut last) = (VecDeque::new(), end, Kind::ArgMax);
        while let Some(node) = producers.get(name).copied() {
            let Some(kind) = Kind::of(node).filter(|kind| last.may_follow(*kind)) else { break };
            let reads = node.input.first().filter(|_| node.output.first().is_some_and(|first| first == name));
            let Some(reads) = reads.filter(|_| maps || kind != Kind::Resize) else { break };
            nodes.push_front(node);
            (name, last) = (reads, if kind == Kind::ArgMax { Kind::Softmax } else { kind });
        }
        Self { nodes, plane, base: end, notes: Vec::new() }
    }

    /// Whether an operation is left out, so that its value is its input; why not, if it should have been. `None` for an
    /// operation that is not at the end.
    pub(super) fn leaves_out(&mut self, call: &Call<'model>) -> Option<Problem<()>> {
        self.nodes.front().filter(|node| std::ptr::eq(**node, call.proto))?;
        let node = self.nodes.pop_front()?;
        let found = self.check(node, call);
        match &found {
            Ok(()) => self.note(node),
            // Then it is part of the network, if it can be.
            Err(_) if Kind::of(node) == Some(Kind::Resize) => return None,
            Err(_) => {}
        }
        Some(found)
    }

    /// Whether an operation may be left out as far as its place says.
    pub(super) fn holds(&self, node: &NodeProto) -> bool {
        self.nodes.iter().any(|own| std::ptr::eq(*own, node))
    }

    fn check(&self, node: &NodeProto, call: &Call) -> Problem<()> {
        let mut dims = call.tensor(0)?.dims.clone();
        match Kind::of(node) {
            Some(Kind::Resize) => {
                resize::is_to(call, self.plane)?;
                dims[2..].copy_from_slice(&self.plane);
                self.nodes.iter().try_for_each(|later| over_channels(later, call.opset, &dims))
            }
            _ => over_channels(node, call.opset, &dims),
        }
    }

    fn note(&mut self, node: &'model NodeProto) {
        let Some(input) = node.input.first() else { return };
        if self.notes.is_empty() {
            self.base = input;
        }
        self.notes.push(format!(
            "The last operator {} is left out; the network's output is its input \"{input}\".",
            node.op_type
        ));
    }

    /// The value that is the result, and what was left out, from the end on.
    pub(super) fn finish(self) -> (&'model str, Vec<String>) {
        (self.base, self.notes.into_iter().rev().collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Resize,
    Softmax,
    ArgMax,
}

impl Kind {
    fn of(node: &NodeProto) -> Option<Self> {
        match node.op_type.as_str() {
            _ if !matches!(node.domain.as_str(), "" | "ai.onnx") => None,
            "ArgMax" => Some(Self::ArgMax),
            "Softmax" | "LogSoftmax" => Some(Self::Softmax),
            "Resize" | "Upsample" => resize::is_linear(node).then_some(Self::Resize),
            _ => None,
        }
    }

    /// Whether `before` may come directly before this, as seen from the end. One interpolation at most, and none of a softmax.
    fn may_follow(self, before: Self) -> bool {
        self != Self::Resize && before <= self
    }
}

/// Refuses a Softmax, LogSoftmax or ArgMax of a tensor of `dims` that is not over its channels.
fn over_channels(node: &NodeProto, opset: i64, dims: &[usize]) -> Problem<()> {
    let given = node.attribute.iter().find(|attribute| attribute.name == "axis").map(|attribute| attribute.i);
    let default = match node.op_type.as_str() {
        "ArgMax" => 0,
        _ if opset < 13 => 1,
        _ => -1,
    };
    let along = axis(given.unwrap_or(default), dims.len())?;
    let channel = usize::from(dims.len() > 1);
    // Older ones take all dimensions from the axis on as one.
    let flattens = node.op_type != "ArgMax" && opset < 13;
    let over: usize = if flattens { dims[along..].iter().product() } else { dims[along] };
    let is_channels = if flattens { along <= channel } else { along == channel } && over == dims[channel];
    match over {
        1 => Err(format!(
            "has a single element of {dims:?} to compare (axis {along}), so its result is always the same"
        )),
        _ if is_channels => Ok(()),
        _ => Err(format!(
            "is over axis {along} of {dims:?}: at the end, where the client does it, it has to be over the channels (axis \
             {channel})"
        )),
    }
}
