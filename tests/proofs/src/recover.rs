//! From what the server has seen, and the input, to all masks: the inverse of what client and dealer compute. A server sees
//! nothing else of the input, so if this is an inverse from both sides, whatever the server sends, its view is a bijection
//! of the masks for every input: uniform where they are.

use brelu_core::protocol::block_relu;
use brelu_core::ring;
use brelu_core::word::Word;

use crate::lanes::{Mask, Masks, Seen, View};
use crate::parts::Parts;
use crate::steps::{Dealing, Entry, Steps, Windows, spread};

/// The two products of `x_cd`, which are known once `x_cd` is.
#[derive(Clone, Debug)]
pub struct Products<W> {
    /// `x_cd * W_cs`.
    pub cs: Vec<W>,
    /// `x_cd * W_sd`, less the rounding.
    pub sd: Vec<W>,
}

/// `x_cd = x - a`.
pub fn input<W: Word>(steps: &Steps, x: &[W], view: &View<W>, masks: &mut Masks<W>) {
    let mut x_cd = x.to_vec();
    ring::sub(&mut x_cd, &view[Seen::Input]);
    ring::reduce(&mut x_cd, steps.format.k);
    masks[Mask::Input] = x_cd;
}

/// `zeta = v - hi(x_cd * W_cs)`, and `z_cd = hi(x_cd * W_sd) - zeta - u`.
pub fn linear<W: Word>(steps: &Steps, products: &Products<W>, view: &View<W>, masks: &mut Masks<W>) {
    let (n, f) = (steps.format.n, steps.format.extra());
    let high = |words: &[W]| words.iter().map(|word| ring::high(*word, n + f, f)).collect::<Vec<_>>();
    let mut zeta = view[Seen::ClientHalf].clone();
    ring::sub(&mut zeta, &high(&products.cs));
    ring::reduce(&mut zeta, n);
    let mut z_cd = high(&products.sd);
    ring::sub(&mut z_cd, &zeta);
    ring::sub(&mut z_cd, &view[Seen::DealerHalf]);
    ring::reduce(&mut z_cd, n);
    masks[Mask::Zeta] = zeta;
    masks[Mask::PreActivation] = z_cd;
}

/// `lam` from `T_c[c] ^ T_s[c]` for whatever `c` the server sent; `T_c` and the client's parts from their partners;
/// `y_cd = half - e`. `masks` holds `z_cd`.
pub fn activation<W: Entry>(
    steps: &Steps,
    with: &Dealing<W>,
    sent: &Windows<W>,
    view: &View<W>,
    masks: &mut Masks<W>,
) {
    let format = steps.format;
    let bits = &view[Seen::TableBit];
    let mut clear = vec![W::from(0); view[Seen::Table].len()];
    let zeros = vec![W::from(0); bits.len()];
    block_relu::deal_tables(format, &with.cd_sums, &with.s_sd, &zeros, &mut clear);
    let others = steps.entries(&view[Seen::Table], &sent.window, 0);
    let clear = steps.entries(&clear, &sent.window, 0);
    let lam: Vec<W> =
        bits.iter().zip(&others).zip(&clear).map(|((bit, other), clear)| *bit ^ *other ^ *clear).collect();

    let mut tables = view[Seen::Table].clone();
    block_relu::deal_tables(format, &with.cd_sums, &with.s_sd, &lam, &mut tables);
    let mut shares = view[Seen::LamShare].clone();
    block_relu::deal_lam(format, &lam, &mut shares);
    let mut parts = Parts {
        lam_mask: view[Seen::LamMask].clone(),
        carry: view[Seen::Carry].clone(),
        top: view[Seen::Top].clone(),
        lam_top: view[Seen::LamTop].clone(),
    };
    let z_cd = masks[Mask::PreActivation].clone();
    block_relu::deal_pixels(format, &z_cd, &with.z_sd, &spread(&lam, z_cd.len()), &mut parts.parts());
    masks[Mask::Lam] = lam;
    masks[Mask::Table] = tables;
    masks[Mask::LamShare] = shares;
    masks[Mask::LamMask] = parts.lam_mask;
    masks[Mask::Carry] = parts.carry;
    masks[Mask::Top] = parts.top;
    masks[Mask::LamTop] = parts.lam_top;

    let mut y_cd = steps.client_part(sent, bits, masks);
    ring::sub(&mut y_cd, &view[Seen::Answer]);
    ring::reduce(&mut y_cd, format.k);
    masks[Mask::Activation] = y_cd;
}

/// `p_c = eps l - p_s`, and `q = o l + (1 - 2 o) p_c - reply` for whatever `o` the server sent. `masks` holds `z_cd`.
pub fn extension<W: Word>(steps: &Steps, eps: &[W], opened: &[W], view: &View<W>, masks: &mut Masks<W>) {
    masks[Mask::Cross] = view[Seen::Cross].clone();
    masks[Mask::Cross] = steps.deal_cross(eps, masks);
    masks[Mask::Extend] = view[Seen::Extended].clone();
    masks[Mask::Extend] = steps.answer_extension(opened, masks);
}
