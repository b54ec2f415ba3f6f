//! Piecewise-linear activations: block-ReLU with several knots in the same round trip, from Z_2^n into Z_2^K.
//!
//! ```text
//! y = offset + slope z' + sum_i slope_i d_i (z' - at_i),       d_i = [sum over the block of (z' - at_i) >= 0]
//! ```
//!
//! ReLU is one knot at 0, [`block_relu`], whose notation and tables are used here. What is opened of a pixel (`m`), and
//! `carry` and `top`, are the same for all knots; each has a window, a table, a bit `lam`, and its shares of `lam B` and
//! `lam top`. The server subtracts `at_i` from its component of every pixel before it takes the window, so the decision is
//! about `z' - at_i` and as exact as that of block-ReLU.
//!
//! Per pixel, with `M` and `B` from there, `base = B - (1 - mu) top 2^n` and `m_i = d_i ^ lam_i`, the parties hold
//!
//! ```text
//! z'                = M + base                                                 over the integers, for |z'| < 2^(n-2)
//! d_i (z' - at_i)   = m_i (M - at_i + base) + (1 - 2 m_i) (lam_i (M - at_i) + lam_i base)
//! ```
//!
//! in additive shares: `base`, `lam_i` and `lam_i base` are shared, `M`, `at_i` and `m_i` are known to both, and the server
//! alone adds what is public. Slopes and offset are whole numbers that everybody knows; the sum is modulo 2^K, and exact
//! where it fits. Within one ring, K = n, it is exact modulo 2^n.
//!
//! A reply hides all of it behind one `y_cd`, as there. The cost of a knot more is that of a decision and `2K - n` bits a
//! pixel ([`crate::cost`]).

use super::block_relu::{Opened, Widths};
use crate::plan::{Knot, Piecewise};
use crate::ring;
use crate::word::Word;

#[cfg(doc)]
use super::block_relu;

/// Server: subtracts a knot from the sums of blocks of `counts` pixels, modulo 2^32.
pub fn move_sums<W: Word>(knot: Knot, counts: &[u32], sums: &mut [W]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum = sum.wrapping_sub(W::from(count.wrapping_mul(knot.at as u32)));
    }
}

/// Dealer: the per-pixel parts of a knot after the first one, on entry the client's, on exit the server's: of `lam * B`,
/// mod 2^k, and of `lam * top`, mod 2^(k-n). `lam` has one element a pixel.
pub fn deal_pixels<W: Word>(
    format: Widths,
    z_cd: &[W],
    z_sd: &[W],
    lam: &[W],
    lam_mask: &mut [W],
    lam_top: &mut [W],
) {
    let [pre_activation, wide, narrow] =
        [format.n, format.k, format.extra()].map(|bits| W::from(ring::mask(bits)));
    for index in 0..z_cd.len() {
        let b = (z_cd[index] & pre_activation).wrapping_add(z_sd[index]) & pre_activation;
        let (chosen, top) = (lam[index].wrapping_neg(), b >> u32::from(format.n - 1));
        lam_mask[index] = (b & chosen).wrapping_sub(lam_mask[index]) & wide;
        lam_top[index] = (top & chosen).wrapping_sub(lam_top[index]) & narrow;
    }
}

/// A party's half of `offset + slope z'` in the place of `carry`, and of `base` in the place of its part of `B` (client:
/// `z_cd`, server: `z_sd`), both modulo 2^32; `top` is its share.
///
/// `PUBLIC` is true for the server, which alone adds the public part.
pub fn begin<const PUBLIC: bool, W: Word>(
    format: Widths,
    function: Piecewise<'_>,
    masked: &[W],
    top: &[W],
    base: &mut [W],
    carry: &mut [W],
) {
    let slope = W::from(i32::from(function.slope()) as u32);
    let offset = W::from(if PUBLIC { function.offset() as u32 } else { 0 });
    for (((masked, top), base), carry) in masked.iter().zip(top).zip(base).zip(carry) {
        let Seen { public, low_half } = Seen::of(format, *masked);
        let lost = carry.wrapping_add(*top & low_half).times_power(u32::from(format.n));
        *base = (*base & W::from(ring::mask(format.n))).wrapping_sub(lost);
        let own = if PUBLIC { base.wrapping_add(public) } else { *base };
        *carry = own.wrapping_mul(slope).wrapping_add(offset);
    }
}

/// Adds a party's half of `slope_i d_i (z' - at_i)` to `sum`, which [`begin`] made, as it made `base`.
///
/// `opened` is of this knot, as are the shares of `lam * B` and `lam * top`.
pub fn add_knot<const PUBLIC: bool, W: Word>(
    format: Widths,
    knot: Knot,
    opened: &Opened<'_, W>,
    [lam_mask, lam_top]: [&[W]; 2],
    base: &[W],
    sum: &mut [W],
) {
    let (at, slope) = (W::from(knot.at as u32), W::from(i32::from(knot.slope) as u32));
    let len = sum.len();
    let (masked, decision, lam) = (&opened.masked[..len], &opened.decision[..len], &opened.lam[..len]);
    let (base, lam_mask, lam_top) = (&base[..len], &lam_mask[..len], &lam_top[..len]);
    for index in 0..len {
        let Seen { public, low_half } = Seen::of(format, masked[index]);
        let above = public.wrapping_sub(at);
        let lost = (lam_top[index] & low_half).times_power(u32::from(format.n));
        let hidden = lam[index].wrapping_mul(above).wrapping_add(lam_mask[index]).wrapping_sub(lost);
        let chosen = decision[index].wrapping_neg();
        let own = if PUBLIC { base[index].wrapping_add(above) } else { base[index] };
        let signed = (hidden ^ chosen).wrapping_add(decision[index]);
        let passed = (own & chosen).wrapping_add(signed);
        sum[index] = sum[index].wrapping_add(passed.wrapping_mul(slope));
    }
}

/// What an opened pixel says.
struct Seen<W> {
    /// `M`, modulo 2^32.
    public: W,
    /// All ones where `mu` is 0.
    low_half: W,
}

impl<W: Word> Seen<W> {
    fn of(format: Widths, masked: W) -> Self {
        let (n, quarter) = (u32::from(format.n), W::from(1 << (format.n - 2)));
        let shifted = masked.wrapping_add(quarter) & W::from(ring::mask(format.n));
        let mu = shifted >> (n - 1);
        let public = shifted.wrapping_sub(mu.times_power(n)).wrapping_sub(quarter);
        Self { public, low_half: mu.wrapping_sub(W::from(1)) }
    }
}

#[cfg(test)]
mod tests;
