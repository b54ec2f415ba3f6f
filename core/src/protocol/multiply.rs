//! Product of two secret tensors with truncation, from Z_2^K into Z_2^n, n = K - f, in one round trip.
//!
//! `x = a_x + x_cd` and the gate `g = a_g + g_cd` are split, modulo 2^K. An element of the gate multiplies one element of
//! `x`, or all of a plane. `alpha` and `beta` are known to server and dealer, `zeta` and `z_cd` to client and dealer:
//!
//! ```text
//! server -> client            o_x = a_x + alpha,  o_g = a_g + beta                    (mod 2^K)
//!
//! server has                  A = a_x a_g
//! client has                  C = o_x g_cd + o_g x_cd
//! dealer has                  D = x_cd g_cd - alpha g_cd - beta x_cd
//!                             A + C + D = x g                                         (mod 2^K)
//!
//! dealer -> server, offline   u = hi(D - r) - zeta - z_cd                             (mod 2^n)
//! client -> server            v = hi(C) + zeta                                        (mod 2^n)
//! server                      a = hi(A + 1.5 * 2^f + r) + u + v                       (mod 2^n)
//! ```
//!
//! The three summands are truncated as those of a [linear layer](super::linear), by the same functions: `a + z_cd` is
//! `x g / 2^f` with an unbiased error of at most 1.5 units, and given all that the client knows its distribution is a
//! function of the product `x g` alone. With f = 0 it is exact. Values are in range if `x g` is within 2^(K-1).
//!
//! What is seen. The client sees `o_x` and `o_g`, uniform because `alpha` and `beta` are. The server sees `v`, then `u`:
//! whatever it opened, `zeta` is what `v` leaves open, and `z_cd` what `u` does, so its view is a bijection of fresh masks.
//! The dealer sees nothing. A square (`g = x`) opens its factor twice, under masks of their own.
//!
//! Source: Beaver's products (CRYPTO 1991) in the form of `multiply` in the reference program, which opens and answers in
//! Z_2^K, adds one mask, and truncates nothing. Here only the opened factors take K bits; what is sent to the server was
//! truncated into Z_2^n by its sender, where a local shift afterwards would fail, as in linear layers.
//!
//! Messages hold elements in the order of the tensor. In the server's every element of the gate stands before the elements
//! that it multiplies, so that a client which has no room for a gate reads both as it goes.

use crate::ring;
use crate::word::Word;

/// Elements of a tensor of `elements` that each of `gates` elements of its gate multiplies.
pub const fn span(elements: usize, gates: usize) -> usize {
    match elements.checked_div(gates) {
        None | Some(0) => 1,
        Some(span) => span,
    }
}

/// Gives every element of the gate to the `span` elements that it multiplies, but for the first `skip` of the first one.
pub fn spread<W: Word>(gates: &[W], span: usize, skip: usize, out: &mut [W]) {
    let (first, rest) = out.split_at_mut((span - skip).min(out.len()));
    let each = core::iter::once(first).chain(rest.chunks_mut(span));
    each.zip(gates).for_each(|(out, gate)| out.fill(*gate));
}

/// Server: the opened factor, `o_x` or `o_g`; on entry `a`, on exit what is opened.
pub fn open<W: Word>(a: &mut [W], mask: &[W], bits: u8) {
    ring::add(a, mask);
    ring::reduce(a, bits);
}

/// Server: `A`, on entry `a_x`; not reduced. `start` is what sums start from ([`super::linear::start`]).
pub fn server<W: Word>(a_x: &mut [W], a_g: &[W], start: W) {
    for (a_x, a_g) in a_x.iter_mut().zip(a_g) {
        *a_x = a_x.wrapping_mul(*a_g).wrapping_add(start);
    }
}

/// Client: `C`, on entry `o_x`; not reduced.
pub fn client<W: Word>(opened_x: &mut [W], opened_g: &[W], x_cd: &[W], g_cd: &[W]) {
    for (((opened_x, opened_g), x_cd), g_cd) in opened_x.iter_mut().zip(opened_g).zip(x_cd).zip(g_cd) {
        *opened_x = opened_x.wrapping_mul(*g_cd).wrapping_add(opened_g.wrapping_mul(*x_cd));
    }
}

/// Dealer: `D`, on entry `x_cd`; not reduced.
pub fn dealer<W: Word>(x_cd: &mut [W], g_cd: &[W], alpha: &[W], beta: &[W]) {
    for (((x_cd, g_cd), alpha), beta) in x_cd.iter_mut().zip(g_cd).zip(alpha).zip(beta) {
        *x_cd = x_cd.wrapping_sub(*alpha).wrapping_mul(*g_cd).wrapping_sub(beta.wrapping_mul(*x_cd));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{linear, reveal};
    use proptest::prelude::*;

    proptest! {
        /// Any masks, any values whose product is in range.
        #[test]
        fn a_product_is_off_by_at_most_one_and_a_half(
            f in 0u8..=14, n in 4u8..=18, masks: [u32; 4], randomness: [u32; 3], x: i32, g: i32,
        ) {
            let bits = n + f;
            let [x_cd, g_cd, alpha, beta] = masks.map(|mask| mask & ring::mask(bits));
            let reach = f64::from(bits - 2).exp2().sqrt() as i32 + 1;
            let (x, g) = (x % reach, g % reach);
            let [r, zeta, z_cd] = [randomness[0] & ring::mask(f), randomness[1], randomness[2] & ring::mask(n)];
            let (a_x, a_g) = ((x as u32).wrapping_sub(x_cd), (g as u32).wrapping_sub(g_cd));

            let mut dealt = [x_cd];
            dealer(&mut dealt, &[g_cd], &[alpha], &[beta]);
            linear::dealer(&mut dealt, &[r], &[zeta], &[z_cd], n, f);
            let (mut v, mut opened_g) = ([a_x], [a_g]);
            open(&mut v, &[alpha], bits);
            open(&mut opened_g, &[beta], bits);
            client(&mut v, &opened_g, &[x_cd], &[g_cd]);
            linear::client(&mut v, &[zeta], n, f);
            let mut a = [a_x];
            server(&mut a, &[a_g], linear::start(0, f));
            linear::server(&mut a, &[r], &dealt, &v, n, f);

            let got = f64::from(reveal::sum(a[0], z_cd, n) as i32);
            let error = got - f64::from(x) * f64::from(g) / f64::from(f).exp2();
            prop_assert!(error.abs() <= if f == 0 { 0.0 } else { 1.5 }, "error {error}");
        }
    }

    #[test]
    fn a_gate_multiplies_elements_or_planes() {
        assert_eq!((span(24, 24), span(24, 4), span(0, 0), span(0, 4)), (1, 6, 1, 1));
        for (gates, span, skip, want) in [
            (&[3, 5, 7][..], 3, 0, [3, 3, 3, 5, 5, 5, 7]),
            (&[3, 5, 7, 9], 2, 1, [3, 5, 5, 7, 7, 9, 9]),
            (&[1, 2, 3, 4, 5, 6, 7, 8], 1, 0, [1, 2, 3, 4, 5, 6, 7]),
            (&[3], 20, 9, [3; 7]),
        ] {
            let mut out = [0u32; 7];
            spread(gates, span, skip, &mut out);
            assert_eq!(out, want);
        }
    }
}
