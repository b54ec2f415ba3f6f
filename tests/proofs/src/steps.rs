//! The steps of `brelu_core::protocol` in the order in which parties run them, on symbols or on numbers, with a place for a
//! planted error. Nothing is computed here but by those functions.

use brelu_core::protocol::block_relu::{self, Opened, Widths};
use brelu_core::protocol::{extend, linear, reveal};
use brelu_core::ring;
use brelu_core::word::Word;

use crate::fault::Fault;
use crate::lanes::{Mask, Masks, Seen, View};
pub use crate::parts::Entry;
use crate::parts::Parts;

/// What a server sends in an activation layer, an element a block (`window`, `bit`) or a pixel (`masked`).
#[derive(Clone, Debug)]
pub struct Windows<W> {
    /// `c`.
    pub window: Vec<W>,
    /// What it says that `T_s[c]` is.
    pub bit: Vec<W>,
    /// `m`.
    pub masked: Vec<W>,
}

/// Client-dealer sums of the blocks, and what server and dealer share.
#[derive(Clone, Debug)]
pub struct Dealing<W> {
    /// `Lam`.
    pub cd_sums: Vec<W>,
    /// `s_sd`.
    pub s_sd: Vec<W>,
    /// `z_sd`.
    pub z_sd: Vec<W>,
}

/// The steps at one format, every pixel a block of its own or all pixels one block.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    /// Rings and window; a linear layer drops `k - n` bits.
    pub format: Widths,
    /// What is wrong with them.
    pub fault: Option<Fault>,
}

impl Steps {
    /// The steps as they are.
    pub fn new(format: Widths) -> Self {
        Self { format, fault: None }
    }

    /// The steps with an error in them.
    pub fn with(format: Widths, fault: Fault) -> Self {
        Self { format, fault: Some(fault) }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Client: `a = x - x_cd`.
    pub fn input<W: Word>(&self, x: &[W], x_cd: &[W]) -> Vec<W> {
        let (mut a, mut x_cd) = (x.to_vec(), x_cd.to_vec());
        if self.has(Fault::InputSign) {
            negate(&mut x_cd);
        }
        reveal::mask_input(&mut a, &x_cd, self.format.k);
        a
    }

    /// Client: `v` from `x_cd * W_cs`.
    pub fn client_half<W: Word>(&self, product: &[W], zeta: &[W]) -> Vec<W> {
        let (mut v, mut zeta) = (product.to_vec(), zeta.to_vec());
        if self.has(Fault::ZetaSign) {
            negate(&mut zeta);
        }
        linear::client(&mut v, &zeta, self.format.n, self.format.extra());
        v
    }

    /// Dealer: `u` from `x_cd * W_sd` and the rounding it shares with the server.
    pub fn dealer_half<W: Word>(&self, product: &[W], rounding: &[W], zeta: &[W], z_cd: &[W]) -> Vec<W> {
        let (mut u, mut rounding, mut z_cd) = (product.to_vec(), rounding.to_vec(), z_cd.to_vec());
        if self.has(Fault::PreActivationSign) {
            negate(&mut z_cd);
        }
        if self.has(Fault::RoundingOfOneParty) {
            rounding.fill(W::from(0));
        }
        linear::dealer(&mut u, &rounding, zeta, &z_cd, self.format.n, self.format.extra());
        u
    }

    /// What an accumulator with bias zero starts from.
    pub fn start(&self) -> u32 {
        let exact = self.format.extra() == 0 || self.has(Fault::NoHalves);
        if exact { 0 } else { linear::start(0, self.format.extra()) }
    }

    /// Server: its component of the result, from `a * W + start`.
    pub fn server_half<W: Word>(&self, product: &[W], rounding: &[W], u: &[W], v: &[W]) -> Vec<W> {
        let mut a = product.to_vec();
        linear::server(&mut a, rounding, u, v, self.format.n, self.format.extra());
        a
    }

    /// Dealer: everything that a server needs for an activation, from the client's parts in `masks`.
    pub fn deal<W: Word>(&self, with: &Dealing<W>, masks: &Masks<W>, view: &mut View<W>) {
        let (format, lam) = (self.format, &masks[Mask::Lam]);
        let mut tables = masks[Mask::Table].clone();
        block_relu::deal_tables(format, &with.cd_sums, &with.s_sd, lam, &mut tables);
        let mut shares = masks[Mask::LamShare].clone();
        if self.has(Fault::LamSign) {
            negate(&mut shares);
        }
        block_relu::deal_lam(format, lam, &mut shares);
        let mut parts = Parts::of_client(masks);
        if self.has(Fault::PartnersSwapped) {
            std::mem::swap(&mut parts.carry, &mut parts.top);
        }
        let z_cd = &masks[Mask::PreActivation];
        let lam = spread(lam, z_cd.len());
        block_relu::deal_pixels(format, z_cd, &with.z_sd, &lam, &mut parts.parts());
        view[Seen::Table] = tables;
        view[Seen::LamShare] = shares;
        view[Seen::LamMask] = parts.lam_mask;
        view[Seen::Carry] = parts.carry;
        view[Seen::Top] = parts.top;
        view[Seen::LamTop] = parts.lam_top;
    }

    /// Server: what it opens of its component `a` with block sums `sums`.
    pub fn open<W: Entry>(&self, a: &[W], sums: &[W], with: &Dealing<W>, view: &View<W>) -> Windows<W> {
        let (mut window, mut masked) = (sums.to_vec(), a.to_vec());
        let (mut s_sd, mut z_sd) = (with.s_sd.clone(), with.z_sd.clone());
        if self.has(Fault::WindowBare) {
            s_sd.fill(W::from(0));
        }
        if self.has(Fault::PixelBare) {
            z_sd.fill(W::from(0));
        }
        let mut format = self.format;
        if self.has(Fault::WindowOffByOne) {
            format.lo += 1;
        }
        if self.has(Fault::NoWindowRounding) && format.lo > 0 {
            window.iter_mut().for_each(|sum| *sum = sum.wrapping_sub(W::from(1 << (format.lo - 1))));
        }
        block_relu::open_windows(format, &mut window, &s_sd);
        block_relu::open_pixels(format, &mut masked, &z_sd);
        let bit = self.entries(&view[Seen::Table], &window, 0);
        Windows { window, bit, masked }
    }

    /// Client: its answer, whatever the server sent.
    pub fn answer<W: Entry>(&self, sent: &Windows<W>, masks: &Masks<W>, view: &mut View<W>) {
        let beside = u32::from(self.has(Fault::BesideTheWindow));
        let own = self.entries(&masks[Mask::Table], &sent.window, beside);
        let mut half = self.client_part(sent, &own, masks);
        ring::sub(&mut half, &masks[Mask::Activation]);
        ring::reduce(&mut half, self.format.k);
        view[Seen::TableBit] = own;
        view[Seen::Answer] = half;
    }

    /// Client: its half of `y`.
    pub fn client_part<W: Word>(&self, sent: &Windows<W>, own: &[W], masks: &Masks<W>) -> Vec<W> {
        let base = masks[Mask::PreActivation].clone();
        let decision = self.decision(sent, own);
        self.select::<false, W>(
            &sent.masked,
            &decision,
            &masks[Mask::LamShare],
            Parts::of_client(masks),
            base,
        )
    }

    /// Server: its component of `y`.
    pub fn close<W: Word>(&self, sent: &Windows<W>, with: &Dealing<W>, view: &View<W>) -> Vec<W> {
        let parts = Parts {
            lam_mask: view[Seen::LamMask].clone(),
            carry: view[Seen::Carry].clone(),
            top: view[Seen::Top].clone(),
            lam_top: view[Seen::LamTop].clone(),
        };
        let (decision, base) = (self.decision(sent, &view[Seen::TableBit]), with.z_sd.clone());
        let mut y = if self.has(Fault::NoPublicPart) {
            self.select::<false, W>(&sent.masked, &decision, &view[Seen::LamShare], parts, base)
        } else {
            self.select::<true, W>(&sent.masked, &decision, &view[Seen::LamShare], parts, base)
        };
        ring::add(&mut y, &view[Seen::Answer]);
        ring::reduce(&mut y, self.format.k);
        y
    }

    /// `m_b`, a bit a block.
    pub fn decision<W: Word>(&self, sent: &Windows<W>, own: &[W]) -> Vec<W> {
        let blocks = sent.window.iter().zip(&sent.bit).zip(own);
        blocks.map(|((window, bit), own)| *own ^ *bit ^ block_relu::top_bit(self.format, *window)).collect()
    }

    /// The bits at the windows' places of packed tables, or `beside` them.
    pub(crate) fn entries<W: Entry>(&self, tables: &[W], windows: &[W], beside: u32) -> Vec<W> {
        let low = W::from(ring::mask(self.format.table_log2()));
        let tables = tables.chunks(self.format.table_words()).zip(windows);
        tables.map(|(table, window)| W::entry(table, (*window & low) ^ W::from(beside))).collect()
    }

    /// A party's half of `y`.
    pub(crate) fn select<const PUBLIC: bool, W: Word>(
        &self,
        masked: &[W],
        decision: &[W],
        lam: &[W],
        mut parts: Parts<W>,
        mut base: Vec<W>,
    ) -> Vec<W> {
        let (decision, lam) = (spread(decision, base.len()), spread(lam, base.len()));
        let opened = Opened { masked, decision: &decision, lam: &lam };
        block_relu::select::<PUBLIC, W>(self.format, &opened, &parts.parts(), &mut base);
        base
    }

    /// Dealer: `p_s`.
    pub fn deal_cross<W: Word>(&self, eps: &[W], masks: &Masks<W>) -> Vec<W> {
        let mut cross = masks[Mask::Cross].clone();
        if self.has(Fault::CrossSign) {
            negate(&mut cross);
        }
        extend::deal(&masks[Mask::PreActivation], eps, &mut cross, self.format.n, self.format.k);
        cross
    }

    /// Server: the bits it opens to have `a` extended.
    pub fn open_extension<W: Word>(&self, a: &[W], eps: &[W]) -> Vec<W> {
        let mut opened = a.to_vec();
        extend::open(a, eps, &mut opened, self.format.n);
        opened
    }

    /// Client: its answer to opened bits.
    pub fn answer_extension<W: Word>(&self, opened: &[W], masks: &Masks<W>) -> Vec<W> {
        let (z_cd, q) = (&masks[Mask::PreActivation], &masks[Mask::Extend]);
        let mut answer = masks[Mask::Cross].clone();
        extend::answer(opened, z_cd, q, &mut answer, self.format.n, self.format.k);
        answer
    }

    /// Server: its component of the extended value.
    pub fn close_extension<W: Word>(&self, a: &[W], opened: &[W], view: &View<W>) -> Vec<W> {
        let (mut a, cross, answer) = (a.to_vec(), &view[Seen::Cross], &view[Seen::Extended]);
        extend::finish(&mut a, opened, cross, answer, self.format.n, self.format.k);
        a
    }

    /// Client and dealer: their component of the extended value.
    pub fn extended_mask<W: Word>(&self, masks: &Masks<W>) -> Vec<W> {
        let (mut z_cd, mut q) = (masks[Mask::PreActivation].clone(), masks[Mask::Extend].clone());
        if self.has(Fault::ExtendSign) {
            negate(&mut q);
        }
        extend::mask(&mut z_cd, &q, self.format.n, self.format.k);
        z_cd
    }
}

/// One value a block to one value a pixel.
pub(crate) fn spread<W: Copy>(blocks: &[W], pixels: usize) -> Vec<W> {
    if blocks.len() == pixels { blocks.to_vec() } else { vec![blocks[0]; pixels] }
}

pub(crate) fn negate<W: Word>(words: &mut [W]) {
    words.iter_mut().for_each(|word| *word = word.wrapping_neg());
}
