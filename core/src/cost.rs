//! What each step sends, in bits, by link and phase. Tests assert that measured traffic equals these formulas exactly.
//!
//! Per element, with activations in Z_2^K, pre-activations in Z_2^n and windows of `w` bits:
//!
//! | | offline | online |
//! |---|---|---|
//! | linear output | 2n | |
//! | ReLU pixel | K + 3(K-n) | n + K |
//! | block | K + 2^(w-1) | w + 2 |
//! | pixel of k knots | 2(K-n) + k(2K-n) | n + K |
//! | block of k knots | k(K + 2^(w-1)) | k(w + 2) |
//! | identity pixel | K-n | 1 + K-n |
//! | product | n | K + n |
//! | gate element of a product | | K |
//!
//! A message is a whole number of bytes: each is filled up once, at its end.

use core::ops::{Add, AddAssign};

use crate::bits::bytes;
use crate::plan::{Channel, Channels, Node, NodeId, Op, Plan};
use crate::protocol::block_relu::Widths;
use crate::protocol::tiling::Tiling;

/// Amounts by link and phase. The dealer sends only to the server and only offline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Dealer to server, before the input exists.
    pub dealer_offline: u64,
    /// Client to server, before the input exists.
    pub client_offline: u64,
    /// Server to client, with the input.
    pub server_online: u64,
    /// Client to server, with the input.
    pub client_online: u64,
}

impl Traffic {
    /// Everything before the input exists.
    pub const fn offline(&self) -> u64 {
        self.dealer_offline + self.client_offline
    }

    /// Everything from the input on.
    pub const fn online(&self) -> u64 {
        self.server_online + self.client_online
    }

    /// All links, both phases.
    pub const fn total(&self) -> u64 {
        self.offline() + self.online()
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            dealer_offline: self.dealer_offline + other.dealer_offline,
            client_offline: self.client_offline + other.client_offline,
            server_online: self.server_online + other.server_online,
            client_online: self.client_online + other.client_online,
        }
    }

    /// Bits to whole bytes, each link's message by itself.
    pub const fn to_bytes(self) -> Self {
        Self {
            dealer_offline: bytes(self.dealer_offline),
            client_offline: bytes(self.client_offline),
            server_online: bytes(self.server_online),
            client_online: bytes(self.client_online),
        }
    }
}

impl Add for Traffic {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.plus(other)
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Bits of the input message: `elements` of `bits` bits.
pub const fn input(bits: u8, elements: u64) -> Traffic {
    Traffic { dealer_offline: 0, client_offline: 0, server_online: 0, client_online: bits as u64 * elements }
}

/// Bits of the output message.
pub const fn output(bits: u8, elements: u64) -> Traffic {
    Traffic { dealer_offline: 0, client_offline: 0, server_online: bits as u64 * elements, client_online: 0 }
}

/// Bits of a linear layer with `elements` outputs in Z_2^n, however many terms it adds.
pub const fn linear(n: u8, elements: u64) -> Traffic {
    let bits = n as u64 * elements;
    Traffic { dealer_offline: bits, client_offline: bits, server_online: 0, client_online: 0 }
}

/// Bits of the pixels of an activation with `knots` knots (of ReLU: 1).
pub const fn pixels(format: Widths, knots: usize, pixels: u64) -> Traffic {
    let (n, k, extra) = (format.n as u64, format.k as u64, format.extra() as u64);
    Traffic {
        dealer_offline: (2 * extra + knots as u64 * (k + extra)) * pixels,
        client_offline: 0,
        server_online: n * pixels,
        client_online: k * pixels,
    }
}

/// Bits of the decisions of an activation with `knots` knots (of ReLU: 1), one a knot and block.
pub const fn blocks(format: Widths, knots: usize, blocks: u64) -> Traffic {
    let decisions = knots as u64 * blocks;
    Traffic {
        dealer_offline: ((1 << format.table_log2()) + format.k as u64) * decisions,
        client_offline: 0,
        server_online: (format.w as u64 + 1) * decisions,
        client_online: decisions,
    }
}

/// Bits of extending `pixels` values from Z_2^n to Z_2^k; nothing if the rings are equal.
pub const fn extension(n: u8, k: u8, pixels: u64) -> Traffic {
    let extra = (k - n) as u64;
    let opened = if extra == 0 { 0 } else { 1 };
    Traffic {
        dealer_offline: extra * pixels,
        client_offline: 0,
        server_online: opened * pixels,
        client_online: extra * pixels,
    }
}

/// Bits of a product of `elements` elements in Z_2^n whose factors are opened in Z_2^k, the second one of `gates` elements.
pub const fn product(n: u8, k: u8, elements: u64, gates: u64) -> Traffic {
    let truncated = n as u64 * elements;
    Traffic {
        dealer_offline: truncated,
        client_offline: 0,
        server_online: k as u64 * (elements + gates),
        client_online: truncated,
    }
}

/// Widths, tiling and traffic of one channel of an activation layer.
#[derive(Clone, Copy, Debug)]
pub struct ChannelLayout {
    /// What the channel does.
    pub channel: Channel,
    /// Its place among the channels of the layer, in [`Channels`].
    pub index: usize,
    /// Knots of its function (of no meaning for other than block channels).
    pub knots: usize,
    /// Rings and window (of no meaning for other than block channels, whose `lo` is 0).
    pub format: Widths,
    /// Blocks of the plane (of no meaning for other than block channels).
    pub tiling: Tiling,
    /// Pixels of the plane.
    pub plane: usize,
    /// Where the channel's decisions begin among all decisions of the layer: first those of all its blocks about the first
    /// knot, then about the second, ...
    pub first_block: u64,
    /// Pixels of the whole layer: what belongs to a pixel and a knot has the pixel's place, plus these for every knot before.
    pub elements: u64,
    /// Bit positions of the channel in the messages of the layer.
    pub start: Traffic,
    /// Bits of the channel in the messages of the layer.
    pub bits: Traffic,
}

impl ChannelLayout {
    /// Decisions of the channel.
    pub fn decisions(&self) -> usize {
        if matches!(self.channel, Channel::Blocks { .. }) { self.tiling.len() * self.knots } else { 0 }
    }

    /// Where the decisions about knot `knot` begin among all decisions of the layer.
    pub fn first_decision(&self, knot: usize) -> u64 {
        self.first_block + (self.tiling.len() * knot) as u64
    }

    /// The address of what belongs to knot `knot` and the pixel at `first` of the layer.
    pub fn pixel_address(&self, knot: usize, first: usize) -> u64 {
        self.elements * knot as u64 + first as u64
    }
}

/// The channels of a node of `plan` with their places in the layer's messages; none if it is no activation.
pub fn layouts<'p>(plan: &Plan<'p>, node: &Node<'p>) -> impl Iterator<Item = ChannelLayout> + use<'p> {
    let (n, window, channels) = match node.op {
        Op::Activation { input, window, channels } => (plan.node(input).bits, window, channels),
        _ => (0, 0, Channels::relu(&[])),
    };
    let (shape, k) = (node.shape, node.bits);
    let (mut start, mut first_block) = (Traffic::default(), 0);
    (0..channels.len()).map(move |index| {
        let channel = channels.get(index);
        let plane = shape.plane() as u64;
        let (height, width, lo) = match channel {
            Channel::Blocks { height, width, lo } => (height, width, lo),
            _ => (1, 1, 0),
        };
        let (format, tiling) = (Widths { n, k, w: window, lo }, Tiling::new(shape, height, width));
        let knots = channels.function(index).len();
        let bits = match channel {
            Channel::Blocks { .. } => {
                pixels(format, knots, plane) + blocks(format, knots, tiling.len() as u64)
            }
            Channel::Identity => extension(n, k, plane),
            Channel::Zero => Traffic::default(),
        };
        let (plane, elements) = (shape.plane(), shape.len() as u64);
        let layout = ChannelLayout {
            channel,
            index,
            knots,
            format,
            tiling,
            plane,
            first_block,
            elements,
            start,
            bits,
        };
        start += bits;
        first_block += layout.decisions() as u64;
        layout
    })
}

/// Bits of the messages that node `id` itself sends, without the opening of the output.
pub fn step(plan: &Plan<'_>, id: NodeId) -> Traffic {
    let node = plan.node(id);
    let elements = node.shape.len() as u64;
    match node.op {
        Op::Input => input(node.bits, elements),
        Op::Linear { .. } => linear(node.bits, elements),
        Op::Product { inputs: [_, gate], .. } => {
            product(node.bits, node.accumulator_bits(), elements, plan.node(gate).shape.len() as u64)
        }
        _ => layouts(plan, &node).fold(Traffic::default(), |sum, channel| sum + channel.bits),
    }
}

/// Bits of opening node `id`, if it is the output.
pub fn opening(plan: &Plan<'_>, id: NodeId) -> Traffic {
    let node = plan.node(id);
    if id == plan.output_id() { output(node.bits, node.shape.len() as u64) } else { Traffic::default() }
}

/// Bits that node `id` of a plan sends.
pub fn node(plan: &Plan<'_>, id: NodeId) -> Traffic {
    step(plan, id) + opening(plan, id)
}

/// Bytes that node `id` of a plan sends: its messages, each filled up to whole bytes.
pub fn node_bytes(plan: &Plan<'_>, id: NodeId) -> Traffic {
    step(plan, id).to_bytes() + opening(plan, id).to_bytes()
}

/// One inference in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Bits of all fields.
    pub bits: Traffic,
    /// Bytes of all messages.
    pub bytes: Traffic,
    /// Exchanges with the client between the input and the output.
    pub round_trips: u32,
    /// Elements of activations that are not constant zero.
    pub pixels: u64,
    /// Sign decisions.
    pub decisions: u64,
}

/// Adds up a whole plan.
pub fn total(plan: &Plan<'_>) -> Total {
    let mut total = Total::default();
    let mut flight_end = 0;
    for (id, record) in plan.nodes() {
        total.bits += node(plan, id);
        total.bytes += node_bytes(plan, id);
        if record.op.is_exchange() && id >= flight_end {
            flight_end = plan.flight(id).end;
            total.round_trips += 1;
        }
        for layout in layouts(plan, &record) {
            total.decisions += layout.decisions() as u64;
            total.pixels += if layout.channel == Channel::Zero { 0 } else { layout.plane as u64 };
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relu_pixel_costs_five_k_with_its_linear_layer() {
        for (k, n) in [(32, 18), (28, 16), (24, 12)] {
            let format = Widths { n, k, w: 6, lo: 0 };
            assert_eq!((linear(n, 1) + pixels(format, 1, 1)).total(), 5 * u64::from(k));
            assert_eq!((linear(n, 1) + extension(n, k, 1)).total(), u64::from(2 * n + 2 * (k - n) + 1));
            assert_eq!(blocks(format, 1, 1).total(), u64::from(6 + 2 + k) + 32);
        }
    }

    #[test]
    fn a_product_that_drops_nothing_costs_three_k() {
        let k = 28;
        assert_eq!(product(k, k, 40, 40).total(), 40 * (3 + 1) * u64::from(k));
        assert_eq!(product(k, k, 40, 5).total(), (40 * 3 + 5) * u64::from(k));
        assert_eq!(product(16, k, 40, 5).total(), 40 * (2 * 16 + 28) + 5 * 28);
    }

    /// With a window of 6 bits of K = 24 and n = 12, and with the linear layer before it.
    #[test]
    fn two_knots_cost_less_than_two_relus() {
        let format = Widths { n: 12, k: 24, w: 6, lo: 0 };
        let bits = |knots| (pixels(format, knots, 1) + blocks(format, knots, 1)).total();
        assert_eq!(24 + bits(1), 184);
        assert_eq!(24 + bits(2), 284);
        assert_eq!(24 + 2 * bits(1), 344);
    }
}
