//! Linear layer with truncation, from Z_2^K into Z_2^n, n = K - f. With `hi(v) = (v mod 2^K) >> f`:
//!
//! ```text
//! dealer -> server, offline   u = hi(x_cd * W_sd - r) - zeta - z_cd          (mod 2^n)
//! client -> server, offline   v = hi(x_cd * W_cs) + zeta                     (mod 2^n)
//! server, online              a = hi(a * W + bias + 1.5 * 2^f + r) + u + v   (mod 2^n)
//! ```
//!
//! `zeta` and `z_cd` are known to client and dealer, the rounding `r`, uniform in `0 .. 2^f`, to server and dealer. The
//! result `a + z_cd` is `(x * W + bias) / 2^f` with an unbiased error of at most 1.5 units. Truncating into the smaller
//! ring cannot fail the way a local shift inside one ring does (SecureML, section 4.1), because the three high parts add
//! up modulo 2^n whatever wrapped modulo 2^K.
//!
//! What the error tells. Let `A = a * W + bias + 1.5 * 2^f`, `D = x_cd * W_sd` and `P = x_cd * W_cs`. The low bits of `A` and
//! `D` are those of products with the weights, and the client, which knows `x_cd`, `P` and the result, must not learn them
//! from many results. Let `t = (A + r) mod 2^f`. Then `A + r - t` is a multiple of 2^f, and
//!
//! ```text
//! hi(A + r) + hi(D - r) = hi(A + r - t) + hi(D - r) = hi(A + D - t)          (mod 2^n)
//! a + z_cd = hi(x * W + bias + 1.5 * 2^f - P - t) + hi(P)                    (mod 2^n)
//! ```
//!
//! `r` makes `t` uniform in `0 .. 2^f`, whatever `A` is, and nobody but server and dealer knows it: given all that the client
//! knows, the distribution of the result is a function of the exact sum `x * W + bias` and of no other property of `W`. Two
//! independent roundings would not do: the error of each has the variance `p (1 - p)`, `p` the low bits over 2^f.
//!
//! With f = 0 nothing is dropped: n = K, `hi` is the identity, `r` is 0, and the result is exact.
//!
//! Messages hold the n-bit elements row by row, and within a row channel by channel, so that a party which computes a
//! few rows at a time can send them at once.

use crate::ring;
use crate::word::Word;

/// The client's half: turns `x_cd * W_cs` into `v`, given `zeta`.
pub fn client<W: Word>(product: &mut [W], zeta: &[W], n: u8, f: u8) {
    for (product, zeta) in product.iter_mut().zip(zeta) {
        *product = ring::high(*product, n + f, f).wrapping_add(*zeta) & W::from(ring::mask(n));
    }
}

/// The dealer's half: turns `x_cd * W_sd` into `u`, given `r` (f bits, shared with the server), `zeta` and `z_cd`.
pub fn dealer<W: Word>(product: &mut [W], rounding: &[W], zeta: &[W], z_cd: &[W], n: u8, f: u8) {
    for (((product, rounding), zeta), z_cd) in product.iter_mut().zip(rounding).zip(zeta).zip(z_cd) {
        let high = ring::high(product.wrapping_sub(*rounding), n + f, f);
        *product = high.wrapping_sub(*zeta).wrapping_sub(*z_cd) & W::from(ring::mask(n));
    }
}

/// What an accumulator starts from: the bias and the 1.5 units that the three truncations lose on average.
pub const fn start(bias: i32, f: u8) -> u32 {
    let lost = if f == 0 { 0 } else { 3 << (f - 1) };
    (bias as u32).wrapping_add(lost)
}

/// The server's half: turns `a * W + start` into its component of the result, given `r` (f bits, shared with the dealer),
/// `u` and `v`.
pub fn server<W: Word>(product: &mut [W], rounding: &[W], u: &[W], v: &[W], n: u8, f: u8) {
    for (((product, rounding), u), v) in product.iter_mut().zip(rounding).zip(u).zip(v) {
        let high = ring::high(product.wrapping_add(*rounding), n + f, f);
        *product = high.wrapping_add(*u).wrapping_add(*v) & W::from(ring::mask(n));
    }
}

#[cfg(test)]
mod tests;
