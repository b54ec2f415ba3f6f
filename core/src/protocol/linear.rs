//! Linear layer with truncation, from Z_2^K into Z_2^n, n = K - f. With `hi(v) = (v mod 2^K) >> f`:
//!
//! ```text
//! dealer -> server, offline   u = hi(x_cd * W_sd) - zeta - z_cd          (mod 2^n)
//! client -> server, offline   v = hi(x_cd * W_cs) + zeta                 (mod 2^n)
//! server, online              a = hi(a * W + bias + 1.5 * 2^f) + u + v   (mod 2^n)
//! ```
//!
//! `zeta` and `z_cd` are known to client and dealer. The result `a + z_cd` is `(x * W + bias) / 2^f` with an unbiased
//! error of at most 1.5 units. Truncating into the smaller ring cannot fail the way a local shift inside one ring does
//! (SecureML, section 4.1), because the three high parts add up modulo 2^n whatever wrapped modulo 2^K.
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

/// The dealer's half: turns `x_cd * W_sd` into `u`, given `zeta` and `z_cd`.
pub fn dealer<W: Word>(product: &mut [W], zeta: &[W], z_cd: &[W], n: u8, f: u8) {
    for ((product, zeta), z_cd) in product.iter_mut().zip(zeta).zip(z_cd) {
        let high = ring::high(*product, n + f, f);
        *product = high.wrapping_sub(*zeta).wrapping_sub(*z_cd) & W::from(ring::mask(n));
    }
}

/// What an accumulator starts from: the bias and the 1.5 units that the three truncations lose on average.
pub const fn start(bias: i32, f: u8) -> u32 {
    (bias as u32).wrapping_add(3 << (f - 1))
}

/// The server's half: turns `a * W + start` into its component of the result, given `u` and `v`.
pub fn server<W: Word>(product: &mut [W], u: &[W], v: &[W], n: u8, f: u8) {
    for ((product, u), v) in product.iter_mut().zip(u).zip(v) {
        let high = ring::high(*product, n + f, f);
        *product = high.wrapping_add(*u).wrapping_add(*v) & W::from(ring::mask(n));
    }
}
