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

/// Dealer: turns its `p_c` into the server's `p_s`.
pub fn deal(z_cd: &[u32], eps: &[u32], cross: &mut [u32], n: u8, k: u8) {
    for ((z_cd, eps), cross) in z_cd.iter().zip(eps).zip(cross) {
        *cross = (eps & msb(*z_cd, n)).wrapping_sub(*cross) & ring::mask(k - n);
    }
}

/// Server: the opened bits.
pub fn open(a: &[u32], eps: &[u32], out: &mut [u32], n: u8) {
    for ((a, eps), out) in a.iter().zip(eps).zip(out) {
        *out = msb(shifted(*a, n), n) ^ eps;
    }
}

/// Client: turns its `p_c` into the reply, given `q` and the opened bits.
pub fn answer(opened: &[u32], z_cd: &[u32], q: &[u32], cross: &mut [u32], n: u8, k: u8) {
    for (((opened, z_cd), q), cross) in opened.iter().zip(z_cd).zip(q).zip(cross) {
        let product = opened & msb(*z_cd, n);
        *cross = product.wrapping_add(negated_if(*opened, *cross)).wrapping_sub(*q) & ring::mask(k - n);
    }
}

/// Server: its component of the extended value; `a` on entry in Z_2^n, on exit in Z_2^K. `cross` is its `p_s`.
pub fn finish(a: &mut [u32], opened: &[u32], cross: &[u32], reply: &[u32], n: u8, k: u8) {
    for (((a, opened), cross), reply) in a.iter_mut().zip(opened).zip(cross).zip(reply) {
        let at = shifted(*a, n);
        let product = reply.wrapping_add(negated_if(*opened, *cross));
        let wraps = u64::from(product.wrapping_sub(msb(at, n))) << n;
        *a = at.wrapping_sub(1 << (n - 2)).wrapping_add(wraps as u32) & ring::mask(k);
    }
}

/// Client and dealer: their component of the extended value; `z_cd` on entry in Z_2^n, on exit in Z_2^K.
pub fn mask(z_cd: &mut [u32], q: &[u32], n: u8, k: u8) {
    for (z_cd, q) in z_cd.iter_mut().zip(q) {
        let wraps = u64::from(q.wrapping_sub(msb(*z_cd, n))) << n;
        *z_cd = (*z_cd & ring::mask(n)).wrapping_add(wraps as u32) & ring::mask(k);
    }
}

const fn msb(value: u32, n: u8) -> u32 {
    (value >> (n - 1)) & 1
}

const fn shifted(a: u32, n: u8) -> u32 {
    a.wrapping_add(1 << (n - 2)) & ring::mask(n)
}

/// `value`, or `-value` if `bit` is one.
const fn negated_if(bit: u32, value: u32) -> u32 {
    (value ^ bit.wrapping_neg()).wrapping_add(bit)
}
