//! The nodes that choose labels, behind those of a plan that ends with scores.

use brelu_core::geometry::Shape;
use brelu_core::plan::{
    Answer, Channel, Channels, Header, Local, MAX_NODES, MAX_PARTS, Node, NodeId, Op, Picks, Plan,
};
use brelu_host::weights::{NodeWeights, Weights};

use super::super::CompileError;
use super::super::quantise::write;
use super::window::Window;
use super::{Question, lists};

/// Index of a node. There may be more of them than a plan has room for, until they are counted.
pub(super) type Id = usize;

/// Two tensors of numbers that are compared element by element.
pub(super) struct Game {
    pub(super) p: Id,
    pub(super) q: Id,
    /// Channels of either.
    pub(super) channels: u32,
    /// Whether the smaller ones are needed as well.
    pub(super) both: bool,
}

/// Appends nodes.
pub(super) struct Writer {
    first: usize,
    nodes: Vec<Owned>,
    map: [u32; 2],
    /// Bits of a number.
    ring: u8,
    window: Window,
}

struct Owned {
    name: &'static str,
    shape: Shape,
    bits: u8,
    op: OwnedOp,
}

enum OwnedOp {
    Local(Local<Id>),
    Decide { input: Id, channels: Vec<u8> },
}

impl Writer {
    fn push(&mut self, name: &'static str, channels: u32, op: OwnedOp) -> Id {
        let shape = Shape::new(channels, self.map[0], self.map[1]);
        self.nodes.push(Owned { name, shape, bits: self.ring, op });
        self.first + self.nodes.len() - 1
    }

    fn local(&mut self, name: &'static str, channels: u32, local: Local<Id>) -> Id {
        self.push(name, channels, OwnedOp::Local(local))
    }

    fn channels(&self, id: Id) -> u32 {
        self.nodes[id - self.first].shape.channels
    }

    /// Channels `first .. first + count` of one of these nodes.
    pub(super) fn view(&mut self, input: Id, first: u32, count: u32) -> Id {
        match count == self.channels(input) {
            true => input,
            false => self.local("label/part", count, Local::View { input, picks: Picks::channels(first) }),
        }
    }

    /// The larger and the smaller number of every game, all in one round trip. Where only the larger one is needed, both are
    /// that one.
    pub(super) fn play(&mut self, games: &[Game]) -> Vec<[Id; 2]> {
        let add = |left, right, subtract| Local::Add { inputs: [left, right], subtract };
        let difference =
            |game: &Game| self.local("label/difference", game.channels, add(game.p, game.q, true));
        let differences: Vec<Id> = games.iter().map(difference).collect();
        let record = Channel::relu(self.window.lo).record();
        let decide = |(game, input): (&Game, &Id)| {
            let channels = record.repeat(game.channels as usize);
            self.push("label/decision", game.channels, OwnedOp::Decide { input: *input, channels })
        };
        let gains: Vec<Id> = games.iter().zip(&differences).map(decide).collect();
        let mut results = Vec::with_capacity(games.len());
        for (game, gain) in games.iter().zip(gains) {
            let larger = self.local("label/larger", game.channels, add(game.q, gain, false));
            let smaller = match game.both {
                true => self.local("label/smaller", game.channels, add(game.p, gain, true)),
                false => larger,
            };
            results.push([larger, smaller]);
        }
        results
    }

    /// The output: the indices of numbers of one channel each.
    fn indices(&mut self, numbers: Vec<Id>, bits: u8) {
        let last = match numbers[..] {
            [only] => self.local("label", 1, Local::Reshape { input: only }),
            _ => self.joined(numbers),
        };
        self.nodes[last - self.first].bits = bits;
    }

    fn joined(&mut self, mut parts: Vec<Id>) -> Id {
        while parts.len() > MAX_PARTS {
            parts = parts.chunks(MAX_PARTS).map(|part| self.joined(part.to_vec())).collect();
        }
        let channels = parts.iter().map(|part| self.channels(*part)).sum();
        self.local("label", channels, Local::Concat { inputs: parts.into_iter().collect() })
    }
}

impl Owned {
    fn node(&self, window: u8) -> Node<'_> {
        let id = |id: &Id| *id as NodeId;
        let op = match &self.op {
            OwnedOp::Local(local) => Op::Local(local.map(id)),
            OwnedOp::Decide { input, channels } => {
                Op::Activation { input: id(input), window, channels: Channels::relu(channels) }
            }
        };
        Node { name: self.name, shape: self.shape, bits: self.bits, op }
    }
}

/// The plan and the weights that answer `question` with comparisons in `window`, where `plan` has the scores.
pub(super) fn append(
    plan: &Plan<'_>,
    weights: Weights,
    question: &Question,
    window: Window,
) -> Result<(Vec<u8>, Weights), CompileError> {
    let (shape, bits, classes) = (question.shape, question.bits(), question.shape.channels);
    let map = [shape.height, shape.width];
    let mut writer = Writer { first: plan.len(), nodes: Vec::new(), map, ring: question.ring(), window };
    let output = usize::from(plan.output_id());
    let shifted = writer.local("label/score", classes, Local::Shift { input: output, by: bits });
    let numbers = writer.local("label/index", classes, Local::Offset { input: shifted });
    let chosen = lists::largest(&mut writer, numbers, classes, question.count);
    writer.indices(chosen, bits);
    let count = plan.len() + writer.nodes.len();
    if count > MAX_NODES {
        return Err(CompileError::Option(format!(
            "to choose {} of {classes} labels takes a plan of {count} nodes, and one has {MAX_NODES} at most: ask for fewer",
            question.count
        )));
    }
    let mut nodes: Vec<Node<'_>> = plan.nodes().map(|(_, node)| node).collect();
    nodes.extend(writer.nodes.iter().map(|node| node.node(window.width)));
    let answer = Answer::Labels { count: question.count, classes };
    let header = Header { answer, output_scale: 1.0, ..plan.header().clone() };
    let file = write(&header, &nodes)?;
    let indices = NodeWeights::Offset((0..classes as i32).collect());
    let weights = weights.extended(&Plan::parse(&file)?, vec![(numbers as NodeId, indices)])?;
    Ok((file, weights))
}
