//! What the steps need of words and lanes.

use brelu_core::protocol::block_relu::PixelParts;
use brelu_core::word::Word;

use crate::lanes::{Mask, Masks};
use crate::symbol::Symbol;

/// A word that can say which bit of a packed table it means.
pub trait Entry: Word {
    /// Bit `index` of a table of packed words: what `Stream::pick_bits` and `block_relu::pick_server` read.
    fn entry(table: &[Self], index: Self) -> Self;
}

impl Entry for u32 {
    fn entry(table: &[Self], index: Self) -> Self {
        (table[index as usize / 32] >> (index % 32)) & 1
    }
}

impl Entry for Symbol {
    fn entry(table: &[Self], index: Self) -> Self {
        Self::bit_of(table, index)
    }
}

/// A party's parts of the masks, in memory of its own.
pub(crate) struct Parts<W> {
    pub(crate) lam_mask: Vec<W>,
    pub(crate) carry: Vec<W>,
    pub(crate) top: Vec<W>,
    pub(crate) lam_top: Vec<W>,
}

impl<W: Word> Parts<W> {
    pub(crate) fn of_client(masks: &Masks<W>) -> Self {
        Self {
            lam_mask: masks[Mask::LamMask].clone(),
            carry: masks[Mask::Carry].clone(),
            top: masks[Mask::Top].clone(),
            lam_top: masks[Mask::LamTop].clone(),
        }
    }

    pub(crate) fn parts(&mut self) -> PixelParts<'_, W> {
        let Self { lam_mask, carry, top, lam_top } = self;
        PixelParts { lam_mask, carry, top, lam_top }
    }
}
