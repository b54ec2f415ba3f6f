//! What a plan asks of whoever takes part, computed when it is checked. All sums saturate: a plan that asks for more than
//! can be counted asks for more than anybody has.

use super::{Channel, Local, Node, NodeId, Op, Plan, Term};
use crate::masks::FRAME;

/// Most work of regenerating one element of a mask, at worst, in random words.
const MAX_RATE: u64 = 1 << 24;

/// What a frame takes for one element, in random words: who wants one of them expands a block.
const STEP: u32 = 16;

/// Most words of the rows that regenerating a mask keeps beside its pieces.
const MAX_ROWS: u64 = 1 << 30;

/// What walking a plan takes, whoever does it: [`crate::masks`] regenerates masks on explicit frames, so that all of it is
/// memory and work, and none of it is stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// Frames that regenerating a mask keeps at the same time, [`FRAME`] words each.
    pub frames: u16,
    /// Temporary rows, each as long as the piece that is asked for, that are alive at the same time.
    pub pieces: u16,
    /// Words of all other temporary rows: what views and poolings read.
    pub rows: u32,
    /// Pixels of the widest row of an activation layer.
    pub widest: u32,
    /// Random words expanded, and additions and steps on them, to regenerate once every mask that is read, an element at a
    /// time at worst.
    pub mask_work: u64,
    /// Products of all linear maps, and of tensors.
    pub products: u64,
    /// Elements of all tensors, and the additions of poolings.
    pub local_work: u64,
}

impl Demands {
    /// Words of the frames.
    pub(crate) const fn frame_words(&self) -> usize {
        self.frames as usize * FRAME
    }

    /// Counts node `node`, whose mask takes `cost`; `costs` has those of the nodes before it.
    pub(super) fn count(&mut self, plan: &Plan<'_>, node: &Node<'_>, cost: &MaskCost, costs: &[MaskCost]) {
        self.frames = self.frames.max(cost.frames);
        self.pieces = self.pieces.max(cost.pieces);
        self.rows = self.rows.max(cost.rows);
        let elements = node.shape.len() as u64;
        let mut read = |input: NodeId| {
            let work = u64::from(costs[usize::from(input)].rate) * plan.node(input).shape.len() as u64;
            self.mask_work = self.mask_work.saturating_add(work);
        };
        let mut local = elements;
        match &node.op {
            Op::Linear { terms, .. } => {
                for term in terms {
                    read(term.input);
                    self.products = self.products.saturating_add(products(term, elements));
                }
            }
            Op::Activation { input, .. } => {
                read(*input);
                self.widest = self.widest.max(node.shape.width);
            }
            Op::Product { inputs, .. } => {
                inputs.iter().for_each(|input| read(*input));
                self.products = self.products.saturating_add(elements);
            }
            Op::Local(Local::SumPool { input, windows }) => {
                let from = plan.node(*input).shape;
                local = local.saturating_mul(windows.most(from.height, from.width));
            }
            _ => {}
        }
        self.local_work = self.local_work.saturating_add(local);
    }

    /// Counts the opening of the output, whose mask takes `cost`.
    pub(super) fn count_output(&mut self, plan: &Plan<'_>, cost: &MaskCost) {
        let work = u64::from(cost.rate) * plan.output().shape.len() as u64;
        self.mask_work = self.mask_work.saturating_add(work);
    }
}

fn products(term: &Term, outputs: u64) -> u64 {
    let taps = u64::from(term.map.kernel[0]) * u64::from(term.map.kernel[1]);
    outputs.saturating_mul(u64::from(term.map.group_inputs())).saturating_mul(taps)
}

/// What regenerating a piece of one node's mask takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MaskCost {
    /// Work an element at worst, in random words.
    rate: u32,
    frames: u16,
    pieces: u16,
    rows: u32,
}

impl MaskCost {
    /// Fresh randomness.
    const STREAM: Self = Self { rate: 1, frames: 0, pieces: 0, rows: 0 };

    /// Of a node, from those of the nodes before it; `None` beyond what a plan may ask for.
    pub(super) fn of(plan: &Plan<'_>, node: &Node<'_>, costs: &[MaskCost]) -> Option<Self> {
        match &node.op {
            Op::Input | Op::Linear { .. } | Op::Product { .. } => Some(Self::STREAM),
            Op::Local(local) => Self::of_local(plan, node, local, costs),
            Op::Activation { input, channels, .. } => {
                let passes = channels.iter().any(|channel| channel == Channel::Identity);
                let read = if passes { costs[usize::from(*input)] } else { Self::default() };
                Self { rate: read.rate.checked_add(1)?, ..read }.framed()
            }
        }
    }

    fn of_local(plan: &Plan<'_>, node: &Node<'_>, local: &Local, costs: &[MaskCost]) -> Option<Self> {
        let of = |input: NodeId| costs[usize::from(input)];
        match local {
            Local::Offset { input } | Local::Reshape { input } => Some(of(*input)),
            Local::Shift { input, .. } => of(*input).framed(),
            Local::Add { inputs: [left, right], .. } => of(*left).beside(of(*right)).framed(),
            Local::Concat { inputs } => {
                inputs.iter().fold(Self::default(), |most, input| most.or(of(*input))).framed()
            }
            Local::View { input, picks } => {
                let columns = picks.columns(0..node.shape.width, plan.node(*input).shape.width);
                let (step, row) = (&picks.axes[2], columns.len() as u64);
                let step = u64::from(step.num.unsigned_abs()).div_ceil(step.den as u64).max(1);
                of(*input).by_rows(row, step.min(row).max(1), 0)
            }
            Local::Permute { input, permutation } if permutation.keeps_rows() => of(*input).framed(),
            Local::Permute { input, .. } => of(*input).in_a_piece().framed(),
            Local::SumPool { input, windows } => {
                let from = plan.node(*input).shape;
                let columns = windows.columns(0..node.shape.width, from.width);
                let window = windows.most(from.height, from.width);
                of(*input).by_rows(u64::from(columns.end - columns.start), window, window)
            }
        }
    }

    /// Of whichever of two takes more.
    fn or(self, other: Self) -> Self {
        Self {
            rate: self.rate.max(other.rate),
            frames: self.frames.max(other.frames),
            pieces: self.pieces.max(other.pieces),
            rows: self.rows.max(other.rows),
        }
    }

    /// Of both, the second one in a row of its own.
    fn beside(self, second: Self) -> Self {
        let second = second.in_a_piece();
        Self { rate: self.rate.saturating_add(second.rate), ..self.or(second) }
    }

    /// In a row of its own that is at most as long as the piece.
    fn in_a_piece(self) -> Self {
        Self { pieces: self.pieces + 1, ..self }
    }

    /// With a frame more; `None` beyond what a plan may ask for.
    fn framed(self) -> Option<Self> {
        let cost = Self { frames: self.frames + 1, rate: self.rate.saturating_add(STEP), ..self };
        (u64::from(cost.rate) <= MAX_RATE && u64::from(cost.rows) <= MAX_ROWS).then_some(cost)
    }

    /// Read a row of `row` elements at a time, `times` elements and `more` additions for each of its own.
    fn by_rows(self, row: u64, times: u64, more: u64) -> Option<Self> {
        let rate = u64::from(self.rate).checked_mul(times)?.checked_add(more)?;
        let rows = (u64::from(self.pieces) + 1).checked_mul(row)?.checked_add(self.rows.into())?;
        Self {
            rate: u32::try_from(rate).ok()?,
            frames: self.frames,
            pieces: 0,
            rows: u32::try_from(rows).ok()?,
        }
        .framed()
    }
}

#[cfg(test)]
mod tests;
