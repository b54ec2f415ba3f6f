//! How many bytes and operations parties take for a plan: bounds from above, of what their code allocates.
//!
//! Per node these are the sums of what is alive together in [`crate::dealer`], [`crate::server`] and [`crate::client`];
//! what kernels take says [`KernelRoom`]. All sums saturate.

use brelu_core::bits::bytes;
use brelu_core::client::Memory;
use brelu_core::cost::{self, ChannelLayout, Traffic, layouts};
use brelu_core::geometry::Conv2d;
use brelu_core::masks::Masks;
use brelu_core::plan::{Channel, Local, Node, NodeId, Op, Plan, Term};

use crate::mask_reader::PIECE;
use brelu_kernels::ring::KernelRoom;

/// Bytes a session has whatever its plan: buffers of its connections, frames on their way.
const SESSION: u64 = 16 << 20;

/// Bytes of a word.
const WORD: u64 = 4;

/// Whole planes of words that one thread of a server or dealer works with.
const LANES: u64 = 8;

/// What a plan takes of one party.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Bytes of the plan, its weights and what they are packed into, while they are loaded.
    pub model: u64,
    /// Bytes of one session beyond those, while it computes.
    pub session: u64,
    /// Operations of one inference: products, additions and words of randomness.
    pub work: u64,
}

impl Need {
    /// Bytes of the model and one session.
    pub const fn memory(&self) -> u64 {
        self.model.saturating_add(self.session)
    }

    /// Of a dealer.
    pub fn dealer(plan: &Plan<'_>) -> Self {
        let (demands, mut model, mut session, mut tables) = (plan.demands(), model(plan, 2), 0u64, 0u64);
        for (id, node) in plan.nodes() {
            let message = message(cost::step(plan, id).dealer_offline);
            let own = match &node.op {
                Op::Linear { terms, .. } => {
                    let inputs = most(terms, |map| words(map.input.len()));
                    sum([inputs, words(node.shape.len()), running(terms)])
                        .saturating_add(each_thread(sum([scratch(plan, PIECE), 2 * words(PIECE)])))
                }
                Op::Activation { .. } => {
                    let plane = node.shape.plane();
                    let dealt = layouts(plan, &node).map(table_bytes).max().unwrap_or(0);
                    tables = layouts(plan, &node).map(table_bytes).fold(tables, u64::saturating_add);
                    each_thread(sum([LANES * words(plane), scratch(plan, plane.min(PIECE)), dealt]))
                }
                Op::Product { .. } => words(node.shape.len())
                    .saturating_add(each_thread(sum([scratch(plan, PIECE), LANES * words(PIECE)]))),
                _ => 0,
            };
            session = session.max(own.saturating_add(message.saturating_mul(3)));
        }
        // Shares arrive packed, and are unpacked all at once.
        model = model.saturating_add(weights(plan).saturating_mul(2));
        let work = sum([demands.mask_work, demands.products, tables / WORD]);
        Self { model, session: session.saturating_add(SESSION), work }
    }

    /// Of a server.
    pub fn server(plan: &Plan<'_>) -> Self {
        let (demands, total) = (plan.demands(), cost::total(plan).bytes);
        let mut own = 0u64;
        for (id, node) in plan.nodes() {
            let step = cost::step(plan, id);
            let messages = message(step.dealer_offline).saturating_add(message(step.client_offline));
            let open = || {
                let answers = message(step.client_online).saturating_add(message(step.server_online));
                let threads = each_thread(LANES * words(node.shape.plane()));
                sum([threads, 3 * answers, blocks(plan, &node).saturating_mul(WORD)])
            };
            let run = match &node.op {
                Op::Activation { .. } => open(),
                Op::Product { .. } => multiply(step, node.shape.plane()),
                op => running(op.terms()),
            };
            own = own.max(messages.saturating_add(run));
        }
        let ahead = sum([total.client_offline, total.client_online, total.dealer_offline]).saturating_mul(2);
        let session = sum([live(plan), own, ahead, SESSION]);
        // Weights are read from a file, kept, and masked for the dealer.
        let model = model(plan, 2).saturating_add(weights(plan).saturating_mul(3));
        Self { model, session, work: demands.products.saturating_add(demands.local_work) }
    }

    /// Of a client, or a delegate.
    pub fn client(plan: &Plan<'_>) -> Self {
        let (demands, total) = (plan.demands(), cost::total(plan).bytes);
        let running = plan.nodes().map(|(_, node)| running(node.op.terms())).max().unwrap_or(0);
        let session = sum([
            words(Memory::best(plan)),
            running,
            words(plan.input().shape.len() + plan.output().shape.len()),
            total.server_online.saturating_mul(2),
            SESSION,
        ]);
        let work = sum([demands.mask_work, demands.products, total.online().saturating_mul(8)]);
        Self { model: model(plan, 1), session, work }
    }
}

/// What a server takes for a product: opened pieces and the message of them, the answer, and what a thread works with.
fn multiply(step: Traffic, plane: usize) -> u64 {
    let messages = message(step.server_online).saturating_mul(3).saturating_add(message(step.client_online));
    messages.saturating_add(each_thread(LANES * words(plane.max(2 * PIECE))))
}

fn sum<const N: usize>(parts: [u64; N]) -> u64 {
    parts.into_iter().fold(0, u64::saturating_add)
}

fn words(count: usize) -> u64 {
    (count as u64).saturating_mul(WORD)
}

fn message(bits: u64) -> u64 {
    bytes(bits)
}

/// What every thread of the pool takes once.
fn each_thread(bytes: u64) -> u64 {
    bytes.saturating_mul(rayon::current_num_threads() as u64)
}

fn scratch(plan: &Plan<'_>, piece: usize) -> u64 {
    words(Masks::scratch_words(plan, piece))
}

fn most(terms: &[Term], bytes: impl Fn(&Conv2d) -> u64) -> u64 {
    terms.iter().map(|term| bytes(&term.map)).max().unwrap_or(0)
}

/// What kernels take to run one of the maps.
fn running(terms: &[Term]) -> u64 {
    most(terms, |map| KernelRoom::of(map).running)
}

fn terms<'a>(plan: &'a Plan<'a>) -> impl Iterator<Item = Conv2d> + 'a {
    plan.nodes().flat_map(|(_, node)| node.op.terms().iter().map(|term| term.map).collect::<Vec<_>>())
}

/// Bytes of all weights, a word each.
fn weights(plan: &Plan<'_>) -> u64 {
    terms(plan).map(|map| words(map.weight_len())).fold(0, u64::saturating_add)
}

/// Bytes of a plan, `copies` of its file, and its packed weights while the last ones are packed.
fn model(plan: &Plan<'_>, copies: u64) -> u64 {
    let packed = terms(plan).map(|map| KernelRoom::of(&map).packed).fold(0, u64::saturating_add);
    let packing = terms(plan).map(|map| KernelRoom::of(&map).packing).max().unwrap_or(0);
    let channel = (size_of::<ChannelLayout>() + size_of::<std::ops::Range<usize>>()) as u64;
    let channels = plan.nodes().map(|(_, node)| {
        let count = node.shape.channels as usize;
        match node.op {
            // Vectors that grow are twice as large for a while, and leave their old half.
            Op::Activation { .. } => 3 * count as u64 * channel,
            Op::Local(Local::Offset { .. }) => words(count),
            _ => 0,
        }
    });
    let channels = channels.fold(0, u64::saturating_add);
    sum([copies * plan.bytes().len() as u64, packed, packing, channels])
}

fn is_blocks(layout: &ChannelLayout) -> bool {
    matches!(layout.channel, Channel::Blocks { .. })
}

/// Decisions of all channels.
fn blocks(plan: &Plan<'_>, node: &Node<'_>) -> u64 {
    layouts(plan, node).map(|layout| layout.decisions() as u64).sum()
}

/// Bytes of a channel's tables, and of the bits that small ones are made from.
fn table_bytes(layout: ChannelLayout) -> u64 {
    if !is_blocks(&layout) {
        return 0;
    }
    let log2 = layout.format.table_log2();
    let bits = if log2 < 5 { 1 << log2 } else { 0 };
    words(layout.tiling.len()).saturating_mul(layout.format.table_words() as u64 + bits)
}

/// Bytes of the server's tensors, at most, between their computation and their last use.
fn live(plan: &Plan<'_>) -> u64 {
    let mut last = vec![0; plan.len()];
    plan.last_reads(&mut last);
    let (mut now, mut most, mut flight_end, mut freed) = (0u64, 0u64, 0, vec![false; plan.len()]);
    for (id, node) in plan.nodes() {
        // While it is computed, a tensor may be there twice.
        now = now.saturating_add(words(node.shape.len()));
        most = most.max(now.saturating_add(words(node.shape.len())));
        if id >= flight_end {
            flight_end = plan.flight(id).end;
        }
        // Layers that share a round trip keep what they read until the last of them is done.
        if flight_end > id + 1 || id == plan.output_id() {
            continue;
        }
        for (tensor, last) in last.iter().enumerate().take(usize::from(id) + 1) {
            if *last <= usize::from(id) && !freed[tensor] {
                freed[tensor] = true;
                now = now.saturating_sub(words(plan.node(tensor as NodeId).shape.len()));
            }
        }
    }
    most
}
