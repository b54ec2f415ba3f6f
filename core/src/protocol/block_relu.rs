//! Block-ReLU: one sign decision a block, multiplied with every pixel of it; from Z_2^n into Z_2^K in one round trip.
//!
//! For a block with server sum `A` and client-dealer sum `Lam`, window of `w` bits from bit `lo` ("low" = its lower
//! w - 1 bits, "top" = its top bit), `s_sd` and `lam` random:
//!
//! ```text
//! dealer, offline   r = -(s_sd + (Lam >> lo)) mod 2^w
//!                   table T[i] = [i < r_low] ^ r_top ^ 1 ^ lam, i in 0 .. 2^(w-1), shared T = T_c ^ T_s
//! server -> client  c = ((A + 2^(lo-1)) >> lo) - s_sd mod 2^w;  bit T_s[c_low];  per pixel m = a - z_sd mod 2^n
//! client -> server  bit T_c[c_low];  per pixel e = its half of y, minus y_cd, mod 2^K
//! ```
//!
//! Client and server then know `m_b = T_c ^ T_s ^ c_top = DReLU ^ lam`. Per pixel, with `mt = m + 2^(n-2) mod 2^n`,
//! `mu = msb(mt)`, `M = mt - mu 2^n - 2^(n-2)`, `B = (z_sd + z_cd) mod 2^n`, `top = msb(B)`:
//!
//! ```text
//! z' = M + B - (1 - mu) top 2^n                                  over the integers, for |z'| < 2^(n-2)
//! y  = m_b (M + mask) + (1 - 2 m_b)(lam M + lam mask),           mask = B - (1 - mu) top 2^n
//! ```
//!
//! is `DReLU * z'` exactly. Everything secret in it is additively shared between client and server by the dealer. Within
//! one ring, K = n, the terms with 2^n vanish and the selection is exact modulo 2^n for every `z'`, out of range or not. The
//! decision is exact for block sums 2^(lo-1) < |s| < 2^(lo+w-1) - 2^(lo-1). For smaller ones it may go either way: the
//! bit-reduced DReLU (arXiv 2304.10442, section 3.3), here with bits ignored below and above the window. Larger ones are
//! out of range, and may get the sign of another value.
//!
//! No time depends on a secret: the only indices that depend on values are those of [`pick_server`] and of
//! [`Stream::pick_bits`](crate::prf::Stream::pick_bits), the opened windows `c`. Both parties know these; they are uniform
//! whatever the input, because `s_sd` masks them and the server's own component `A` is masked by `z_cd`.

use crate::ring;

/// Rings and window of one channel: pre-activations in Z_2^n, activations in Z_2^k, window of `w` bits from bit `lo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Bits of the input ring.
    pub n: u8,
    /// Bits of the output ring.
    pub k: u8,
    /// Width of the comparison window.
    pub w: u8,
    /// Its lowest bit.
    pub lo: u8,
}

impl Format {
    /// Bits of the carries: what the output ring has more than the input ring.
    pub const fn extra(&self) -> u8 {
        self.k - self.n
    }

    /// A table has 2^this entries.
    pub const fn table_log2(&self) -> u8 {
        self.w - 1
    }

    /// Words that hold one table.
    pub const fn table_words(&self) -> usize {
        (1usize << self.table_log2()).div_ceil(32)
    }

    const fn table_mask(&self) -> u32 {
        ring::mask(self.table_log2())
    }
}

/// The parts of the masks that two parties share additively, one element a pixel. The dealer turns the client's parts
/// into the server's; client and server use theirs in [`select`].
pub struct PixelParts<'a> {
    /// Of `lam * B`, mod 2^k.
    pub lam_mask: &'a mut [u32],
    /// Of the bit lost in `B`, mod 2^(k-n).
    pub carry: &'a mut [u32],
    /// Of `top`, mod 2^(k-n).
    pub top: &'a mut [u32],
    /// Of `lam * top`, mod 2^(k-n).
    pub lam_top: &'a mut [u32],
}

/// Dealer: the one-time tables, `tables` on entry the client's shares, on exit the server's.
///
/// `cd_sums` are the blocks' `Lam`; a table takes [`Format::table_words`] words.
pub fn deal_tables(format: Format, cd_sums: &[u32], s_sd: &[u32], lam: &[u32], tables: &mut [u32]) {
    let blocks = cd_sums.iter().zip(s_sd).zip(lam);
    for (((cd_sum, s_sd), lam), table) in blocks.zip(tables.chunks_exact_mut(format.table_words())) {
        let cd = (cd_sum & ring::mask(format.n)) >> format.lo;
        let r = s_sd.wrapping_add(cd).wrapping_neg() & ring::mask(format.w);
        let flip = ((r >> format.table_log2()) ^ 1 ^ lam) & 1;
        let below = r & format.table_mask();
        for (word, share) in table.iter_mut().enumerate() {
            *share ^= ones_below(below, word as u32 * 32) ^ flip.wrapping_neg();
        }
    }
}

/// Bit `i` is set where `first + i < bound`, without a branch on `bound`.
fn ones_below(bound: u32, first: u32) -> u32 {
    let count = bound.saturating_sub(first).min(32);
    ((1u64 << count) - 1) as u32
}

/// Dealer: additive shares of `lam`, on entry the client's, on exit the server's.
pub fn deal_lam(format: Format, lam: &[u32], shares: &mut [u32]) {
    for (share, lam) in shares.iter_mut().zip(lam) {
        *share = lam.wrapping_sub(*share) & ring::mask(format.k);
    }
}

/// Dealer: the per-pixel parts, on entry the client's, on exit the server's. `lam` has one element a pixel.
pub fn deal_pixels(format: Format, z_cd: &[u32], z_sd: &[u32], lam: &[u32], parts: &mut PixelParts<'_>) {
    let (n, wide, narrow) = (format.n, ring::mask(format.k), ring::mask(format.extra()));
    for index in 0..z_cd.len() {
        let sum = u64::from(z_cd[index] & ring::mask(n)) + u64::from(z_sd[index]);
        let b = sum as u32 & ring::mask(n);
        let (carry, top) = ((sum >> n) as u32, b >> (n - 1));
        let chosen = lam[index].wrapping_neg();
        parts.lam_mask[index] = (b & chosen).wrapping_sub(parts.lam_mask[index]) & wide;
        parts.carry[index] = carry.wrapping_sub(parts.carry[index]) & narrow;
        parts.top[index] = top.wrapping_sub(parts.top[index]) & narrow;
        parts.lam_top[index] = (top & chosen).wrapping_sub(parts.lam_top[index]) & narrow;
    }
}

/// Server: the masked windows `c`; `sums` on entry the blocks' `A`, on exit `c`.
pub fn open_windows(format: Format, sums: &mut [u32], s_sd: &[u32]) {
    let round = if format.lo == 0 { 0 } else { 1 << (format.lo - 1) };
    for (sum, s_sd) in sums.iter_mut().zip(s_sd) {
        let window = (sum.wrapping_add(round) & ring::mask(format.n)) >> format.lo;
        *sum = window.wrapping_sub(*s_sd) & ring::mask(format.w);
    }
}

/// Server: the masked pixels `m`; on entry `a`, on exit `m`.
pub fn open_pixels(format: Format, pixels: &mut [u32], z_sd: &[u32]) {
    for (pixel, z_sd) in pixels.iter_mut().zip(z_sd) {
        *pixel = pixel.wrapping_sub(*z_sd) & ring::mask(format.n);
    }
}

/// The top bit of a window, for client and server; the lower bits index the table.
pub const fn top_bit(format: Format, c: u32) -> u32 {
    c >> format.table_log2()
}

/// Server: its table bits for the opened windows, read from the packed tables at `tables`, which start at bit `bit`.
///
/// `windows` index memory: they are what the server opens to the client.
pub fn pick_server(format: Format, tables: &[u8], bit: u64, windows: &[u32], out: &mut [u32]) {
    for (index, (window, out)) in windows.iter().zip(out).enumerate() {
        let entry = ((index as u64) << format.table_log2()) + u64::from(window & format.table_mask());
        let at = bit + entry;
        let byte = tables.get((at / 8) as usize).copied().unwrap_or_default();
        *out = u32::from(byte >> (at % 8)) & 1;
    }
}

crate::share::redacted!(PixelParts Opened);

/// What client and server know of a run of pixels when they select.
pub struct Opened<'a> {
    /// `m`, n bits a pixel.
    pub masked: &'a [u32],
    /// `m_b` of the pixel's block, a bit a pixel.
    pub decision: &'a [u32],
    /// The party's share of the block's `lam`, mod 2^k, an element a pixel.
    pub lam: &'a [u32],
}

/// A party's half of `y` mod 2^k, on entry in `base` its part of `B` (client: `z_cd`, server: `z_sd`).
///
/// `PUBLIC` is true for the server, which alone adds the public part. The client subtracts `y_cd` before it sends.
pub fn select<const PUBLIC: bool>(
    format: Format,
    opened: &Opened<'_>,
    parts: &PixelParts<'_>,
    base: &mut [u32],
) {
    let (n, wide, quarter) = (u32::from(format.n), ring::mask(format.k), 1 << (format.n - 2));
    let len = base.len();
    let (masked, decision, lam) = (&opened.masked[..len], &opened.decision[..len], &opened.lam[..len]);
    let (lam_mask, carry) = (&parts.lam_mask[..len], &parts.carry[..len]);
    let (top, lam_top) = (&parts.top[..len], &parts.lam_top[..len]);
    for index in 0..len {
        let shifted = masked[index].wrapping_add(quarter) & ring::mask(format.n);
        let mu = shifted >> (n - 1);
        let public = shifted.wrapping_sub(shl(mu, n)).wrapping_sub(quarter);
        let low_half = mu.wrapping_sub(1);
        let lost = carry[index].wrapping_add(top[index] & low_half);
        let mask = (base[index] & ring::mask(format.n)).wrapping_sub(shl(lost, n));
        let lam_mask = lam_mask[index].wrapping_sub(shl(lam_top[index] & low_half, n));
        let hidden = lam[index].wrapping_mul(public).wrapping_add(lam_mask);
        let chosen = decision[index].wrapping_neg();
        let own = if PUBLIC { mask.wrapping_add(public) } else { mask };
        let signed = (hidden ^ chosen).wrapping_add(decision[index]);
        base[index] = (own & chosen).wrapping_add(signed) & wide;
    }
}

/// `value << n`, zero for n = 32.
#[inline]
const fn shl(value: u32, n: u32) -> u32 {
    ((value as u64) << n) as u32
}
