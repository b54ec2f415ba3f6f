//! What memory a client needs, as a function of the plan.

use zeroize::Zeroize;

use crate::cost::channel_layouts;
use crate::geometry::{Conv2d, Shape};
use crate::masks::Masks;
use crate::plan::{Channel, Op, Plan, Term};

/// Buffers of a client, owned by its caller. They are wiped after every inference and when the client is dropped.
pub struct Workspace<'a> {
    /// At least [`Memory::least`] words; more of them mean larger pieces of work.
    pub words: &'a mut [u32],
    /// Holds the largest frame the server sends.
    pub incoming: &'a mut [u8],
    /// Holds one frame to send; at least 16 bytes.
    pub outgoing: &'a mut [u8],
}

crate::share::redacted!(Workspace);

impl Workspace<'_> {
    pub(super) fn wipe(&mut self) {
        self.words.zeroize();
        self.incoming.zeroize();
        self.outgoing.zeroize();
    }
}

impl Drop for Workspace<'_> {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// Buffers of one pixel piece: the opened values, their masks, and what selects them.
pub(super) const LANES: usize = 9;

/// Pixels beyond which larger pieces do not make anything faster.
const BEST_PIECE: usize = 4096;

/// How a client divides its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Words for regenerating masks.
    pub(super) scratch: usize,
    /// Words for the decision bits of one channel.
    pub(super) decisions: usize,
    /// Pixels that are worked on at a time.
    pub(super) piece: usize,
    /// Words of the whole workspace.
    words: usize,
}

impl Memory {
    /// Words that suffice to walk `plan` at all.
    pub fn least(plan: &Plan<'_>) -> usize {
        let widest = plan.demands().widest as usize;
        Self::with_piece(plan, widest).max(Masks::scratch_words(plan, widest) + most_linear(plan, |_| 1))
    }

    /// Words beyond which more make nothing faster: every linear layer as a whole.
    pub fn best(plan: &Plan<'_>) -> usize {
        let piece = BEST_PIECE.max(plan.demands().widest as usize);
        let rows = |shape: Shape| shape.height as usize;
        Self::with_piece(plan, piece).max(Masks::scratch_words(plan, piece) + most_linear(plan, rows))
    }

    /// Divides `words` words, or `None` if they are too few.
    pub fn fit(plan: &Plan<'_>, words: usize) -> Option<Self> {
        let widest = plan.demands().widest as usize;
        if words < Self::least(plan) {
            return None;
        }
        let fits = |piece: usize| {
            let linear = Masks::scratch_words(plan, piece) + most_linear(plan, |_| 1);
            Self::with_piece(plan, piece).max(linear) <= words
        };
        let halves = core::iter::successors(Some(BEST_PIECE), |piece| Some(piece / 2));
        let piece = halves.take_while(|piece| *piece > widest).find(|piece| fits(*piece)).unwrap_or(widest);
        Some(Self {
            scratch: Masks::scratch_words(plan, piece),
            decisions: most_decisions(plan),
            piece,
            words,
        })
    }

    fn with_piece(plan: &Plan<'_>, piece: usize) -> usize {
        Masks::scratch_words(plan, piece) + most_decisions(plan) + LANES * piece
    }

    /// Most output rows of a linear node that fit at a time, at least one.
    pub(super) fn rows(&self, terms: &[Term], shape: Shape) -> usize {
        let room = self.words - self.scratch;
        let fits = |rows: &usize| linear_words(terms, shape, *rows) <= room;
        let most = shape.height as usize;
        if fits(&most) { most } else { (1..most).rev().find(fits).unwrap_or(1) }
    }
}

fn most_linear(plan: &Plan<'_>, rows: impl Fn(Shape) -> usize) -> usize {
    let need = |node: crate::plan::Node<'_>| match &node.op {
        Op::Linear { terms, .. } => linear_words(terms, node.shape, rows(node.shape)),
        _ => 0,
    };
    plan.nodes().map(|(_, node)| need(node)).max().unwrap_or(0)
}

/// Words for `rows` output rows of a linear node: the input rows of its largest term, and the accumulators.
fn linear_words(terms: &[Term], shape: Shape, rows: usize) -> usize {
    let input = |map: &Conv2d| {
        let rows = input_rows(map, rows).min(map.input.height as usize);
        map.input.channels as usize * rows * map.input.width as usize
    };
    let inputs = terms.iter().map(|term| input(&term.map)).max().unwrap_or(0);
    inputs + shape.channels as usize * shape.width as usize * rows
}

/// Padded input rows that `rows` consecutive output rows see.
pub(super) fn input_rows(map: &Conv2d, rows: usize) -> usize {
    (rows - 1) * usize::from(map.stride[0])
        + usize::from(map.dilation[0]) * (usize::from(map.kernel[0]) - 1)
        + 1
}

fn most_decisions(plan: &Plan<'_>) -> usize {
    let mut most = 0;
    for (_, node) in plan.nodes() {
        if let Op::Activation { input, window, channels } = node.op {
            for layout in channel_layouts(&node, plan.node(input).bits, window, channels) {
                if matches!(layout.channel, Channel::Blocks { .. }) {
                    most = most.max(layout.tiling.len());
                }
            }
        }
    }
    most.div_ceil(32)
}
