//! Regenerates the client-dealer component of any tensor, piece by piece, from the pair key.
//!
//! Inputs, linear outputs, products and block-ReLU outputs are masked by fresh randomness, so their component is a stream. What is
//! computed from them locally is computed here the same way, element ranges in, element ranges out, in temporary memory
//! that the plan says ([`crate::plan::Demands`]) and on a stack of the same depth for every plan.

mod walk;

use zeroize::Zeroizing;

use crate::plan::{Channel, NodeId, Op, Plan};
use crate::prf::{Address, Kind, PairKey, Stream};
use crate::share::Wiped;

pub use walk::FRAME;
use walk::Walk;

/// The client-dealer components of one inference.
#[derive(Clone, Copy, Debug)]
pub struct Masks<'a> {
    plan: &'a Plan<'a>,
    key: &'a PairKey,
    inference: u64,
}

impl<'a> Masks<'a> {
    /// Components under the client-dealer key.
    pub fn new(plan: &'a Plan<'a>, key: &'a PairKey, inference: u64) -> Self {
        Self { plan, key, inference }
    }

    /// The plan whose tensors these are components of.
    pub fn plan(&self) -> &'a Plan<'a> {
        self.plan
    }

    /// The stream of `kind` at `node`.
    pub fn stream(&self, node: NodeId, kind: Kind) -> Stream {
        debug_assert!(belongs(kind, &self.plan.node(node).op), "{kind:?} has no purpose at node {node}");
        self.key.stream(Address::new(self.inference, node, kind))
    }

    /// The key that the mask of the input, and nothing else, is made from; see [`input_mask`].
    pub fn input_key(&self) -> PairKey {
        let mut words = Wiped::new([0; PairKey::LEN / 4]);
        self.stream(0, Kind::CdInputKey).fill(32, 0, &mut words);
        let mut key = Zeroizing::new([0; PairKey::LEN]);
        for (bytes, word) in key.as_chunks_mut::<4>().0.iter_mut().zip(words.iter()) {
            *bytes = word.to_le_bytes();
        }
        PairKey::new(*key)
    }

    /// Words of scratch that let [`Self::read`] work on pieces of `piece` elements.
    pub fn scratch_words(plan: &Plan<'_>, piece: usize) -> usize {
        let demands = plan.demands();
        let fixed = demands.frame_words().saturating_add(demands.rows as usize);
        piece.saturating_mul(demands.pieces.into()).saturating_add(fixed)
    }

    /// Elements `first ..` of the component of tensor `id`, modulo 2^bits of its ring, channel by channel.
    ///
    /// `scratch` has at least [`Self::scratch_words`] words for pieces of one element.
    pub fn read(&self, id: NodeId, first: usize, out: &mut [u32], scratch: &mut [u32]) {
        let demands = self.plan.demands();
        let (frames, rows) = scratch.split_at_mut(demands.frame_words());
        let (frames, _) = frames.as_chunks_mut();
        // A frame counts rows in 32 bits.
        let room = rows.len().min(u32::MAX as usize).saturating_sub(demands.rows as usize);
        let piece = room.checked_div(demands.pieces.into()).unwrap_or(out.len()).max(1);
        for (index, out) in out.chunks_mut(piece).enumerate() {
            Walk::run(*self, id, first + index * piece, out, frames, rows);
        }
    }
}

/// `x_cd`, the mask of the input of an inference, from its key ([`Masks::input_key`]).
pub fn input_mask(key: &PairKey, inference: u64) -> Stream {
    key.stream(Address::new(inference, 0, Kind::CdInput))
}

/// Whether randomness of this kind has a purpose at an operation.
fn belongs(kind: Kind, op: &Op<'_>) -> bool {
    match kind {
        Kind::CdInputKey => matches!(op, Op::Input),
        Kind::CdZeta | Kind::CdPreActivation => matches!(op, Op::Linear { .. } | Op::Product { .. }),
        Kind::CdTable
        | Kind::CdLam
        | Kind::CdLamMask
        | Kind::CdCarry
        | Kind::CdTop
        | Kind::CdLamTop
        | Kind::CdActivation
        | Kind::CdCross
        | Kind::CdExtend => op.is_activation(),
        // Under a key of its own.
        Kind::CdInput => false,
        Kind::SdWindow | Kind::SdPreActivation | Kind::SdExtend | Kind::SdRounding => false,
        Kind::SdFactor | Kind::SdGate => false,
        Kind::CsWeights | Kind::DLam => false,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MaskKind {
    Zero,
    Fresh,
    Extended,
}

impl MaskKind {
    fn of(channel: Channel) -> Self {
        match channel {
            Channel::Zero => MaskKind::Zero,
            Channel::Blocks { .. } => MaskKind::Fresh,
            Channel::Identity => MaskKind::Extended,
        }
    }
}
