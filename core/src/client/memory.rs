//! What memory a client needs, as a function of the plan.

use zeroize::Zeroize;

use crate::cost::layouts;
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

/// Pixels of a piece of a regenerated mask beyond which memory is better spent on larger tiles.
const LINEAR_PIECE: usize = 128;

/// Words of a ChaCha block.
const BLOCK: usize = 16;

/// How a client divides its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Words for regenerating masks.
    pub(super) scratch: usize,
    /// The same in the offline half, where words do more good elsewhere.
    pub(super) linear_scratch: usize,
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
        let widest = widest(plan);
        Self::with_piece(plan, widest)
            .max(Masks::scratch_words(plan, widest).saturating_add(most_linear(plan, least_linear)))
    }

    /// Words beyond which more make nothing faster: every linear layer as a whole.
    pub fn best(plan: &Plan<'_>) -> usize {
        let piece = BEST_PIECE.max(widest(plan));
        let whole = Masks::scratch_words(plan, piece).saturating_add(most_linear(plan, whole_linear));
        Self::with_piece(plan, piece).max(whole).max(Self::least(plan))
    }

    /// Divides `words` words, or `None` if they are too few.
    pub fn fit(plan: &Plan<'_>, words: usize) -> Option<Self> {
        let widest = widest(plan);
        if words < Self::least(plan) {
            return None;
        }
        let linear = most_linear(plan, least_linear);
        let largest = |fits: &dyn Fn(usize) -> bool| {
            let halves = core::iter::successors(Some(BEST_PIECE), |piece| Some(piece / 2));
            halves.take_while(|piece| *piece > widest).find(|piece| fits(*piece)).unwrap_or(widest)
        };
        let piece = largest(&|piece| Self::with_piece(plan, piece) <= words);
        let linear_piece = largest(&|piece| {
            piece <= LINEAR_PIECE.max(words / 64)
                && Masks::scratch_words(plan, piece).saturating_add(linear) <= words
        });
        Some(Self {
            scratch: Masks::scratch_words(plan, piece),
            linear_scratch: Masks::scratch_words(plan, linear_piece),
            decisions: most_decisions(plan),
            piece,
            words,
        })
    }

    fn with_piece(plan: &Plan<'_>, piece: usize) -> usize {
        Masks::scratch_words(plan, piece)
            .saturating_add(most_decisions(plan))
            .saturating_add(piece.saturating_mul(LANES))
    }

    /// Whether a linear node fits as a whole.
    pub(super) fn holds(&self, terms: &[Term], shape: Shape) -> bool {
        whole_linear(terms, shape) <= self.words - self.linear_scratch
    }

    /// How many output rows of a linear node to compute at a time: as expands the least randomness.
    pub(super) fn rows(&self, terms: &[Term], shape: Shape) -> usize {
        let (all, row) = (self.words - self.linear_scratch, shape.channels as usize * shape.width as usize);
        let cost = |rows: usize| {
            let room = all.checked_sub(row * rows)?;
            let expanded = terms
                .iter()
                .try_fold(0, |sum: u64, term| Some(sum.saturating_add(expanded(&term.map, rows, room)?)))?;
            Some(expanded.saturating_mul(shape.height.div_ceil(rows as u32).into()))
        };
        let most = (all / row).min(shape.height as usize);
        let costs = (1..=most).filter_map(|rows| Some((cost(rows)?, rows)));
        costs.min().map_or(1, |(_, rows)| rows)
    }
}

/// Pixels of the smallest piece: activation layers are answered by whole rows.
fn widest(plan: &Plan<'_>) -> usize {
    plan.demands().widest.max(1) as usize
}

fn most_linear(plan: &Plan<'_>, words: impl Fn(&[Term], Shape) -> usize) -> usize {
    let need = |node: crate::plan::Node<'_>| match &node.op {
        Op::Linear { terms, .. } => words(terms, node.shape),
        _ => 0,
    };
    plan.nodes().map(|(_, node)| need(node)).max().unwrap_or(0)
}

/// Words for a linear node as a whole: the input of its largest term, and the accumulators.
fn whole_linear(terms: &[Term], shape: Shape) -> usize {
    terms.iter().map(|term| term.map.input.len()).max().unwrap_or(0) + shape.len()
}

/// Words for one output row of a linear node, an input plane at a time.
fn least_linear(terms: &[Term], shape: Shape) -> usize {
    let inputs = terms.iter().map(|term| plane_words(&term.map, 1)).max().unwrap_or(0);
    inputs + shape.channels as usize * shape.width as usize
}

/// Words of what `rows` output rows see of one input plane, with its [`margins`].
fn plane_words(map: &Conv2d, rows: usize) -> usize {
    let height = input_rows(map, rows).min(map.input.height as usize);
    height * (map.input.width as usize + margins(map).map(usize::from).iter().sum::<usize>())
}

/// Zeros to store to the left and right of every input row: its padding, where kernels gain by not caring for it.
pub(super) fn margins(map: &Conv2d) -> [u16; 2] {
    let ([_, left, _, right], kernel) = (map.pads, map.kernel[1]);
    let gain = map.dilation[1] == 1 && left.max(right) < kernel && u32::from(kernel) <= map.input.width;
    if gain { [left, right] } else { [0; 2] }
}

/// Input planes of a map to work on at a time, if `room` words hold as many of `plane` words as they can.
pub(super) fn planes(map: &Conv2d, plane: usize, room: usize) -> usize {
    let all = map.input.channels as usize;
    let most = (room / plane).clamp(1, all);
    all.div_ceil(all.div_ceil(most))
}

/// Random words expanded for `rows` output rows of a map, its input in `room` words; `None` if those are too few.
fn expanded(map: &Conv2d, rows: usize, room: usize) -> Option<u64> {
    let plane = plane_words(map, rows);
    let (all, planes) = (map.input.channels as usize, planes(map, plane, room));
    let mut words = map.weight_len() as u64 + (all * plane) as u64;
    let taps = usize::from(map.kernel[0]) * usize::from(map.kernel[1]);
    if planes < all && !(planes * taps).is_multiple_of(BLOCK) {
        // A run of weights that starts inside of a block wastes what is before.
        words += u64::from(map.out_channels) * all.div_ceil(planes) as u64 * (BLOCK - 1) as u64;
    }
    (plane <= room).then_some(words)
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
        for layout in layouts(plan, &node) {
            if matches!(layout.channel, Channel::Blocks { .. }) {
                most = most.max(layout.knots * layout.tiling.len().div_ceil(32));
            }
        }
    }
    most
}
