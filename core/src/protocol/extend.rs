//! Ring extension Z_2^n -> Z_2^K of a value that stays hidden (identity channels), for |z'| < 2^(n-2).
//!
//! With `at = a + 2^(n-2) mod 2^n`, `alpha = msb(at)` at the server and `l = msb(z_cd)` at client and dealer,
//!
//! ```text
//! z' = at + z_cd - 2^(n-2) - 2^n (alpha + l - alpha l)
//! ```
//!
//! and the one cross term is shared by
//!
//! ```text
//! dealer -> server, offline   p_s = eps l - p_c                       (mod 2^(K-n)), p_c from the client-dealer PRF
//! server -> client            o = alpha ^ eps
//! client -> server            o l + (1 - 2 o) p_c - q                 (mod 2^(K-n))
//! ```

use crate::ring;
use crate::word::Word;

/// Dealer: turns its `p_c` into the server's `p_s`.
pub fn deal<W: Word>(z_cd: &[W], eps: &[W], cross: &mut [W], n: u8, k: u8) {
    for ((z_cd, eps), cross) in z_cd.iter().zip(eps).zip(cross) {
        *cross = (*eps & msb(*z_cd, n)).wrapping_sub(*cross) & W::from(ring::mask(k - n));
    }
}

/// Server: the opened bits.
pub fn open<W: Word>(a: &[W], eps: &[W], out: &mut [W], n: u8) {
    for ((a, eps), out) in a.iter().zip(eps).zip(out) {
        *out = msb(shifted(*a, n), n) ^ *eps;
    }
}

/// Client: turns its `p_c` into the reply, given `q` and the opened bits.
pub fn answer<W: Word>(opened: &[W], z_cd: &[W], q: &[W], cross: &mut [W], n: u8, k: u8) {
    for (((opened, z_cd), q), cross) in opened.iter().zip(z_cd).zip(q).zip(cross) {
        let product = *opened & msb(*z_cd, n);
        *cross =
            product.wrapping_add(negated_if(*opened, *cross)).wrapping_sub(*q) & W::from(ring::mask(k - n));
    }
}

/// Server: its component of the extended value; `a` on entry in Z_2^n, on exit in Z_2^K. `cross` is its `p_s`.
pub fn finish<W: Word>(a: &mut [W], opened: &[W], cross: &[W], reply: &[W], n: u8, k: u8) {
    for (((a, opened), cross), reply) in a.iter_mut().zip(opened).zip(cross).zip(reply) {
        let at = shifted(*a, n);
        let product = reply.wrapping_add(negated_if(*opened, *cross));
        let wraps = product.wrapping_sub(msb(at, n)).times_power(u32::from(n));
        *a = at.wrapping_sub(W::from(1 << (n - 2))).wrapping_add(wraps) & W::from(ring::mask(k));
    }
}

/// Client and dealer: their component of the extended value; `z_cd` on entry in Z_2^n, on exit in Z_2^K.
pub fn mask<W: Word>(z_cd: &mut [W], q: &[W], n: u8, k: u8) {
    for (z_cd, q) in z_cd.iter_mut().zip(q) {
        let wraps = q.wrapping_sub(msb(*z_cd, n)).times_power(u32::from(n));
        *z_cd = (*z_cd & W::from(ring::mask(n))).wrapping_add(wraps) & W::from(ring::mask(k));
    }
}

fn msb<W: Word>(value: W, n: u8) -> W {
    (value >> u32::from(n - 1)) & W::from(1)
}

fn shifted<W: Word>(a: W, n: u8) -> W {
    a.wrapping_add(W::from(1 << (n - 2))) & W::from(ring::mask(n))
}

/// `value`, or `-value` if `bit` is one.
fn negated_if<W: Word>(bit: W, value: W) -> W {
    (value ^ bit.wrapping_neg()).wrapping_add(bit)
}
