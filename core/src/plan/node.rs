//! The nodes of a plan: a closed set of operations that every network is lowered to.
//!
//! Only [`Op::Linear`], [`Op::Activation`], [`Op::Product`] and the two ends of the plan exchange anything; [`Local`] is all that each
//! party does alone. What is not here is composed from these: max-pooling is a tournament of `q + ReLU(p - q)`.

use heapless::Vec;
use serde::{Deserialize, Serialize};

use super::piecewise::{MAX_KNOTS, Piecewise};
use crate::geometry::{Conv2d, Shape};
use crate::local::{Local, MAX_PARTS};

/// Index of a node in its plan, and of the tensor it computes.
pub type NodeId = u16;

/// Most linear terms one node adds up.
pub const MAX_TERMS: usize = 4;

/// One node: how a tensor comes from earlier ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node<'a> {
    /// The name the network gives it, for people.
    pub name: &'a str,
    /// Shape of the tensor.
    pub shape: Shape,
    /// The tensor lives in Z_2^bits. Reading it modulo a smaller power of two is free.
    pub bits: u8,
    /// How it is computed.
    #[serde(borrow)]
    pub op: Op<'a>,
}

/// One linear map of one tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The tensor it is applied to.
    pub input: NodeId,
    /// The map; its weights are the server's secret.
    pub map: Conv2d,
}

/// How a tensor is computed.
#[derive(Clone, Debug, PartialEq)]
pub enum Op<'a> {
    /// The client's input.
    Input,
    /// `(sum of maps + bias) / 2^fraction`, from Z_2^(bits + fraction) into Z_2^bits.
    Linear {
        /// The maps that are added; all outputs have the node's shape.
        terms: Vec<Term, MAX_TERMS>,
        /// Fraction bits `f` that are dropped; with 0 the result is exact.
        fraction: u8,
    },
    /// What exchanges nothing.
    Local(Local),
    /// A piecewise-linear function that blocks of pixels decide about together (block-ReLU is one), identity or zero, a
    /// choice per channel, from Z_2^n (`n` = bits of the input) into Z_2^bits.
    Activation {
        /// The tensor.
        input: NodeId,
        /// Window width `w` of the comparisons, 2..=11.
        window: u8,
        /// What each channel does.
        channels: Channels<'a>,
    },
    /// `x g / 2^fraction`, elementwise, from Z_2^(bits + fraction) into Z_2^bits.
    Product {
        /// `x`, of the node's shape, and the gate `g`: of the same shape, or one element a channel.
        inputs: [NodeId; 2],
        /// Fraction bits `f` that are dropped; with 0 the result is exact.
        fraction: u8,
    },
}

/// What an activation layer does with one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// One decision for every block of `height` x `width` pixels; 1x1 is plain ReLU. `lo` is the position of the
    /// comparison window: bits below it are ignored.
    Blocks {
        /// Rows of a block.
        height: u16,
        /// Columns of a block.
        width: u16,
        /// Lowest bit of the comparison window.
        lo: u8,
    },
    /// The value itself (block size 0x1 in the paper).
    Identity,
    /// The constant zero (block size 1x0 in the paper).
    Zero,
}

/// The choices of all channels of an activation layer, little endian.
///
/// | bytes | content |
/// |---|---|
/// | 2 + 2 | height and width of a block |
/// | 1 | `lo` |
/// | 2 + 4 | slope and offset of the channel's [`Piecewise`] function; these and what follows only where it is not ReLU |
/// | (4 + 2) a knot | its place, and what the slope grows by; 0 behind a function's last knot |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels<'a> {
    /// Knots that every record has room for; 0 if all are ReLU.
    knots: u8,
    records: &'a [u8],
}

impl<'a> Channels<'a> {
    /// Bytes of the record of a channel whose function is ReLU.
    pub const RECORD: usize = 5;

    /// Choices for ReLU, [`Self::RECORD`] bytes each ([`Channel::record`]).
    pub const fn relu(records: &'a [u8]) -> Self {
        Self { knots: 0, records }
    }

    /// Choices for functions of at most `knots` knots, [`Self::record_len`] bytes each ([`Channel::write`]).
    pub const fn piecewise(knots: u8, records: &'a [u8]) -> Self {
        Self { knots, records }
    }

    /// Bytes of the record of one channel.
    pub const fn record_len(knots: u8) -> usize {
        if knots == 0 { Self::RECORD } else { Self::RECORD + Piecewise::record_len(knots as usize) }
    }

    /// Whether the records are those of `channels` channels, with a number of knots that a function may have.
    pub(super) const fn fit(&self, channels: usize) -> bool {
        let each = Self::record_len(self.knots);
        self.knots as usize <= MAX_KNOTS
            && self.records.len() / each == channels
            && self.records.len().is_multiple_of(each)
    }

    /// Number of channels.
    pub const fn len(&self) -> usize {
        self.records.len() / Self::record_len(self.knots)
    }

    /// Whether there is no channel.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Decisions of a block.
    pub const fn knots(&self) -> usize {
        if self.knots == 0 { 1 } else { self.knots as usize }
    }

    fn record(&self, index: usize) -> &'a [u8] {
        let each = Self::record_len(self.knots);
        self.records.get(index * each..(index + 1) * each).unwrap_or_default()
    }

    /// The choice of channel `index`; zero beyond the last one.
    pub fn get(&self, index: usize) -> Channel {
        match self.record(index) {
            &[h0, h1, w0, w1, lo, ..] => match (u16::from_le_bytes([h0, h1]), u16::from_le_bytes([w0, w1])) {
                (0, _) => Channel::Identity,
                (_, 0) => Channel::Zero,
                (height, width) => Channel::Blocks { height, width, lo },
            },
            _ => Channel::Zero,
        }
    }

    /// The function of channel `index`, of meaning where its choice is [`Channel::Blocks`].
    pub fn function(&self, index: usize) -> Piecewise<'a> {
        self.record(index).get(Self::RECORD..).and_then(Piecewise::read).unwrap_or(Piecewise::RELU)
    }

    /// All choices in order.
    pub fn iter(&self) -> impl Iterator<Item = Channel> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }
}

impl Channel {
    /// Plain ReLU with a window at `lo`.
    pub const fn relu(lo: u8) -> Self {
        Channel::Blocks { height: 1, width: 1, lo }
    }

    /// The record that [`Channels`] holds.
    pub const fn record(&self) -> [u8; Channels::RECORD] {
        let (height, width, lo) = match *self {
            Channel::Blocks { height, width, lo } => (height, width, lo),
            Channel::Identity => (0, 1, 0),
            Channel::Zero => (1, 0, 0),
        };
        let (h, w) = (height.to_le_bytes(), width.to_le_bytes());
        [h[0], h[1], w[0], w[1], lo]
    }

    /// Writes the record of a channel with this function, [`Channels::record_len`] bytes for its number of knots or more.
    ///
    /// # Panics
    /// If `record` is shorter.
    pub fn write(&self, function: Piecewise<'_>, record: &mut [u8]) {
        let (block, rest) = record.split_at_mut(Channels::RECORD);
        block.copy_from_slice(&self.record());
        assert!(rest.len() >= Piecewise::record_len(function.len()), "a record for fewer knots");
        function.write(rest);
    }
}

impl Op<'_> {
    /// The tensors the operation reads, in order.
    pub fn inputs(&self) -> Vec<NodeId, MAX_PARTS> {
        match self {
            Op::Input => Vec::new(),
            Op::Linear { terms, .. } => terms.iter().map(|term| term.input).collect(),
            Op::Local(local) => local.inputs().iter().copied().collect(),
            Op::Activation { input, .. } => [*input].into_iter().collect(),
            Op::Product { inputs, .. } => inputs.iter().copied().collect(),
        }
    }

    /// The linear maps that are added; none of other operations.
    pub fn terms(&self) -> &[Term] {
        match self {
            Op::Linear { terms, .. } => terms,
            _ => &[],
        }
    }

    /// Whether it is a linear layer.
    pub fn is_linear(&self) -> bool {
        matches!(self, Op::Linear { .. })
    }

    /// Whether it is an activation layer.
    pub fn is_activation(&self) -> bool {
        matches!(self, Op::Activation { .. })
    }

    /// Whether client and server exchange messages about it once the input is there.
    pub fn is_exchange(&self) -> bool {
        matches!(self, Op::Activation { .. } | Op::Product { .. })
    }
}

impl From<Local> for Op<'_> {
    fn from(local: Local) -> Self {
        Op::Local(local)
    }
}

impl Node<'_> {
    /// Bits of the ring that a linear layer adds up in, or a product multiplies in; of other nodes, those of their own.
    pub fn accumulator_bits(&self) -> u8 {
        match self.op {
            Op::Linear { fraction, .. } | Op::Product { fraction, .. } => self.bits.saturating_add(fraction),
            _ => self.bits,
        }
    }
}
