//! The steps of a product, as [`Steps`] has those of layers.

use brelu_core::protocol::{linear, multiply};
use brelu_core::ring;
use brelu_core::word::Word;

use crate::fault::Fault;
use crate::lanes::{Mask, Masks, Seen, View};
use crate::steps::{Steps, negate};

/// A party's words of the factor and of the gate.
#[derive(Clone, Debug)]
pub struct Factors<W> {
    /// Of `x`.
    pub x: Vec<W>,
    /// Of `g`.
    pub g: Vec<W>,
}

impl Steps {
    /// Server: what it opens of its components, under `alpha` and `beta`.
    pub fn open_factors<W: Word>(&self, a: &Factors<W>, masks: &Factors<W>) -> Factors<W> {
        let (mut opened, mut masks) = (a.clone(), masks.clone());
        if self.has(Fault::FactorBare) {
            masks.x.fill(W::from(0));
        }
        multiply::open(&mut opened.x, &masks.x, self.format.k);
        multiply::open(&mut opened.g, &masks.g, self.format.k);
        opened
    }

    /// Server: `A`, without what sums start from.
    pub fn server_factors<W: Word>(&self, a: &Factors<W>) -> Vec<W> {
        let mut product = a.x.clone();
        multiply::server(&mut product, &a.g, W::from(0));
        product
    }

    /// Client: `C`.
    pub fn client_factors<W: Word>(&self, opened: &Factors<W>, cd: &Factors<W>) -> Vec<W> {
        let mut product = opened.x.clone();
        multiply::client(&mut product, &opened.g, &cd.x, &cd.g);
        product
    }

    /// Dealer: `D`.
    pub fn dealer_factors<W: Word>(&self, cd: &Factors<W>, masks: &Factors<W>) -> Vec<W> {
        let (mut product, mut beta) = (cd.x.clone(), masks.g.clone());
        if self.has(Fault::FactorSign) {
            negate(&mut beta);
        }
        multiply::dealer(&mut product, &cd.g, &masks.x, &beta);
        product
    }

    /// What the server sees of a product, whatever it opened.
    pub fn see_product<W: Word>(&self, with: &ProductContext<W>, masks: &Masks<W>, view: &mut View<W>) {
        let client = self.client_factors(&with.opened, &with.cd);
        let dealer = self.dealer_factors(&with.cd, &with.masks);
        let zeta = &masks[Mask::Zeta];
        view[Seen::ClientHalf] = self.client_half(&client, zeta);
        view[Seen::DealerHalf] = self.dealer_half(&dealer, &with.rounding, zeta, &masks[Mask::PreActivation]);
    }

    /// `zeta` from `v`, then `z_cd` from `u`.
    pub fn recover_product<W: Word>(&self, with: &ProductContext<W>, view: &View<W>, masks: &mut Masks<W>) {
        let (n, f) = (self.format.n, self.format.extra());
        let client = self.client_factors(&with.opened, &with.cd);
        let dealer = self.dealer_factors(&with.cd, &with.masks);
        let zeros = vec![W::from(0); client.len()];
        let mut zeta = view[Seen::ClientHalf].clone();
        let mut high = client;
        linear::client(&mut high, &zeros, n, f);
        subtract(&mut zeta, &high, n);
        let mut z_cd = dealer;
        linear::dealer(&mut z_cd, &with.rounding, &zeta, &view[Seen::DealerHalf], n, f);
        masks[Mask::Zeta] = zeta;
        masks[Mask::PreActivation] = z_cd;
    }
}

fn subtract<W: Word>(from: &mut [W], words: &[W], bits: u8) {
    ring::sub(from, words);
    ring::reduce(from, bits);
}

/// What a product's server knows and sends, and the masks of the factors.
#[derive(Clone, Debug)]
pub struct ProductContext<W> {
    /// What the server opened.
    pub opened: Factors<W>,
    /// `x_cd` and `g_cd`.
    pub cd: Factors<W>,
    /// `alpha` and `beta`.
    pub masks: Factors<W>,
    /// `r`.
    pub rounding: Vec<W>,
}
