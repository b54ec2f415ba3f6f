//! What the parties draw and what the server gets, as lanes of words: one lane a name, one element a case.

use core::marker::PhantomData;
use core::ops::{Index, IndexMut};

use brelu_core::protocol::block_relu::Widths;
use brelu_core::ring;
use brelu_core::word::Word;

/// A closed set of names of lanes.
pub trait Name: Copy + PartialEq + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// Its place among them.
    fn place(self) -> usize;

    /// Bits of an element, those of a whole table for tables.
    fn bits(self, format: Widths) -> u32;

    /// Whether there is one a block, not one a pixel.
    fn is_of_block(self) -> bool;
}

/// What client and dealer draw for a linear layer and an activation ([`Mask::Lam`]: the dealer alone).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// `x_cd`.
    Input,
    /// `zeta`.
    Zeta,
    /// `z_cd`.
    PreActivation,
    /// `T_c`.
    Table,
    /// `lam`.
    Lam,
    /// The client's share of `lam`.
    LamShare,
    /// The client's share of `lam * B`.
    LamMask,
    /// The client's share of the bit lost in `B`.
    Carry,
    /// The client's share of the top bit of `B`.
    Top,
    /// The client's share of `lam * top`.
    LamTop,
    /// `y_cd`.
    Activation,
    /// `p_c`.
    Cross,
    /// `q`.
    Extend,
}

/// What the server gets from client and dealer, in the order of time within a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// `a = x - x_cd`.
    Input,
    /// `v`.
    ClientHalf,
    /// `u`.
    DealerHalf,
    /// `T_s`.
    Table,
    /// Its share of `lam`.
    LamShare,
    /// Its share of `lam * B`.
    LamMask,
    /// Its share of the bit lost in `B`.
    Carry,
    /// Its share of the top bit of `B`.
    Top,
    /// Its share of `lam * top`.
    LamTop,
    /// `p_s`.
    Cross,
    /// `T_c[c]`.
    TableBit,
    /// The client's half of `y`, minus `y_cd`.
    Answer,
    /// The client's answer of a ring extension.
    Extended,
}

impl Name for Mask {
    const ALL: &'static [Self] = &[
        Self::Input,
        Self::Zeta,
        Self::PreActivation,
        Self::Table,
        Self::Lam,
        Self::LamShare,
        Self::LamMask,
        Self::Carry,
        Self::Top,
        Self::LamTop,
        Self::Activation,
        Self::Cross,
        Self::Extend,
    ];

    fn place(self) -> usize {
        self as usize
    }

    fn bits(self, format: Widths) -> u32 {
        match self {
            Self::Lam => 1,
            Self::Table => 1 << format.table_log2(),
            Self::Zeta | Self::PreActivation => format.n.into(),
            Self::Input | Self::LamShare | Self::LamMask | Self::Activation => format.k.into(),
            Self::Carry | Self::Top | Self::LamTop | Self::Cross | Self::Extend => format.extra().into(),
        }
    }

    fn is_of_block(self) -> bool {
        matches!(self, Self::Table | Self::Lam | Self::LamShare)
    }
}

impl Name for Seen {
    const ALL: &'static [Self] = &[
        Self::Input,
        Self::ClientHalf,
        Self::DealerHalf,
        Self::Table,
        Self::LamShare,
        Self::LamMask,
        Self::Carry,
        Self::Top,
        Self::LamTop,
        Self::Cross,
        Self::TableBit,
        Self::Answer,
        Self::Extended,
    ];

    fn place(self) -> usize {
        self as usize
    }

    fn bits(self, format: Widths) -> u32 {
        match self {
            Self::TableBit => 1,
            Self::Table => 1 << format.table_log2(),
            Self::ClientHalf | Self::DealerHalf => format.n.into(),
            Self::Input | Self::LamShare | Self::LamMask | Self::Answer => format.k.into(),
            Self::Carry | Self::Top | Self::LamTop | Self::Cross | Self::Extended => format.extra().into(),
        }
    }

    fn is_of_block(self) -> bool {
        matches!(self, Self::Table | Self::LamShare | Self::TableBit)
    }
}

/// One vector of words a name. A table takes [`Widths::table_words`] words.
#[derive(Clone, Debug)]
pub struct Lanes<N, W> {
    lanes: Vec<Vec<W>>,
    names: PhantomData<N>,
}

/// Drawn by client and dealer.
pub type Masks<W> = Lanes<Mask, W>;

/// Received by the server.
pub type View<W> = Lanes<Seen, W>;

impl<N: Name, W> Default for Lanes<N, W> {
    fn default() -> Self {
        Self { lanes: N::ALL.iter().map(|_| Vec::new()).collect(), names: PhantomData }
    }
}

impl<N: Name, W> Index<N> for Lanes<N, W> {
    type Output = Vec<W>;

    fn index(&self, name: N) -> &Vec<W> {
        &self.lanes[name.place()]
    }
}

impl<N: Name, W> IndexMut<N> for Lanes<N, W> {
    fn index_mut(&mut self, name: N) -> &mut Vec<W> {
        &mut self.lanes[name.place()]
    }
}

impl<W: Word> Masks<W> {
    /// The same masks with `planted` in them: a mask that is drawn from another one's stream, or not at all.
    pub(crate) fn planted(mut self, planted: Option<crate::fault::Fault>, format: Widths) -> Self {
        use crate::fault::Fault;
        let (mask, lane) = match planted {
            Some(Fault::Missing(mask)) => (mask, self[mask].iter().map(|_| W::from(0)).collect()),
            Some(Fault::Reused { mask, from }) => {
                let low = W::from(ring::mask(mask.bits(format).min(32) as u8));
                (mask, self[from].iter().map(|word| *word & low).collect())
            }
            _ => return self,
        };
        if !self[mask].is_empty() {
            self[mask] = lane;
        }
        self
    }
}
