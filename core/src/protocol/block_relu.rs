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
use crate::word::Word;

/// Rings and window of one channel: pre-activations in Z_2^n, activations in Z_2^k, window of `w` bits from bit `lo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// Bits of the input ring.
    pub n: u8,
    /// Bits of the output ring.
    pub k: u8,
    /// Width of the comparison window.
    pub w: u8,
    /// Its lowest bit.
    pub lo: u8,
}

impl Widths {
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

    fn pre_activation<W: Word>(&self) -> W {
        W::from(ring::mask(self.n))
    }

    fn activation<W: Word>(&self) -> W {
        W::from(ring::mask(self.k))
    }

    fn window<W: Word>(&self) -> W {
        W::from(ring::mask(self.w))
    }
}

/// The parts of the masks that two parties share additively, one element a pixel. The dealer turns the client's parts
/// into the server's; client and server use theirs in [`select`].
pub struct PixelParts<'a, W = u32> {
    /// Of `lam * B`, mod 2^k.
    pub lam_mask: &'a mut [W],
    /// Of the bit lost in `B`, mod 2^(k-n).
    pub carry: &'a mut [W],
    /// Of `top`, mod 2^(k-n).
    pub top: &'a mut [W],
    /// Of `lam * top`, mod 2^(k-n).
    pub lam_top: &'a mut [W],
}

/// Dealer: the one-time tables, `tables` on entry the client's shares, on exit the server's.
///
/// `cd_sums` are the blocks' `Lam`; a table takes [`Widths::table_words`] words.
pub fn deal_tables<W: Word>(format: Widths, cd_sums: &[W], s_sd: &[W], lam: &[W], tables: &mut [W]) {
    let blocks = cd_sums.iter().zip(s_sd).zip(lam);
    for (((cd_sum, s_sd), lam), table) in blocks.zip(tables.chunks_exact_mut(format.table_words())) {
        let cd = (*cd_sum & format.pre_activation()) >> u32::from(format.lo);
        let r = s_sd.wrapping_add(cd).wrapping_neg() & format.window();
        let flip = (top_bit(format, r) ^ W::from(1) ^ *lam) & W::from(1);
        let below = r & W::from(format.table_mask());
        for (word, share) in table.iter_mut().enumerate() {
            *share = *share ^ below.ones_below(word as u32 * 32) ^ flip.wrapping_neg();
        }
    }
}

/// Dealer: additive shares of `lam`, on entry the client's, on exit the server's.
pub fn deal_lam<W: Word>(format: Widths, lam: &[W], shares: &mut [W]) {
    for (share, lam) in shares.iter_mut().zip(lam) {
        *share = lam.wrapping_sub(*share) & format.activation();
    }
}

/// Dealer: the per-pixel parts, on entry the client's, on exit the server's. `lam` has one element a pixel.
pub fn deal_pixels<W: Word>(
    format: Widths,
    z_cd: &[W],
    z_sd: &[W],
    lam: &[W],
    parts: &mut PixelParts<'_, W>,
) {
    let (n, wide, narrow) = (format.n, format.activation(), W::from(ring::mask(format.extra())));
    for index in 0..z_cd.len() {
        let (z_cd, z_sd) = (z_cd[index] & format.pre_activation(), z_sd[index]);
        let b = z_cd.wrapping_add(z_sd) & format.pre_activation();
        let (carry, top) = (z_cd.carry(z_sd, n), b >> u32::from(n - 1));
        let chosen = lam[index].wrapping_neg();
        parts.lam_mask[index] = (b & chosen).wrapping_sub(parts.lam_mask[index]) & wide;
        parts.carry[index] = carry.wrapping_sub(parts.carry[index]) & narrow;
        parts.top[index] = top.wrapping_sub(parts.top[index]) & narrow;
        parts.lam_top[index] = (top & chosen).wrapping_sub(parts.lam_top[index]) & narrow;
    }
}

/// Server: the masked windows `c`; `sums` on entry the blocks' `A`, on exit `c`.
pub fn open_windows<W: Word>(format: Widths, sums: &mut [W], s_sd: &[W]) {
    let round = if format.lo == 0 { 0 } else { 1 << (format.lo - 1) };
    for (sum, s_sd) in sums.iter_mut().zip(s_sd) {
        let window = (sum.wrapping_add(W::from(round)) & format.pre_activation()) >> u32::from(format.lo);
        *sum = window.wrapping_sub(*s_sd) & format.window();
    }
}

/// Server: the masked pixels `m`; on entry `a`, on exit `m`.
pub fn open_pixels<W: Word>(format: Widths, pixels: &mut [W], z_sd: &[W]) {
    for (pixel, z_sd) in pixels.iter_mut().zip(z_sd) {
        *pixel = pixel.wrapping_sub(*z_sd) & format.pre_activation();
    }
}

/// The top bit of a window, for client and server; the lower bits index the table.
pub fn top_bit<W: Word>(format: Widths, c: W) -> W {
    c >> u32::from(format.table_log2())
}

/// Server: its table bits for the opened windows, read from the packed tables at `tables`, which start at bit `bit`.
///
/// `windows` index memory: they are what the server opens to the client.
pub fn pick_server(format: Widths, tables: &[u8], bit: u64, windows: &[u32], out: &mut [u32]) {
    for (index, (window, out)) in windows.iter().zip(out).enumerate() {
        let entry = ((index as u64) << format.table_log2()) + u64::from(window & format.table_mask());
        let at = bit + entry;
        let byte = tables.get((at / 8) as usize).copied().unwrap_or_default();
        *out = u32::from(byte >> (at % 8)) & 1;
    }
}

crate::share::redacted!(PixelParts Opened);

/// What client and server know of a run of pixels when they select.
pub struct Opened<'a, W = u32> {
    /// `m`, n bits a pixel.
    pub masked: &'a [W],
    /// `m_b` of the pixel's block, a bit a pixel.
    pub decision: &'a [W],
    /// The party's share of the block's `lam`, mod 2^k, an element a pixel.
    pub lam: &'a [W],
}

/// A party's half of `y` mod 2^k, on entry in `base` its part of `B` (client: `z_cd`, server: `z_sd`).
///
/// `PUBLIC` is true for the server, which alone adds the public part. The client subtracts `y_cd` before it sends.
pub fn select<const PUBLIC: bool, W: Word>(
    format: Widths,
    opened: &Opened<'_, W>,
    parts: &PixelParts<'_, W>,
    base: &mut [W],
) {
    let (n, wide, quarter) = (u32::from(format.n), format.activation(), W::from(1 << (format.n - 2)));
    let len = base.len();
    let (masked, decision, lam) = (&opened.masked[..len], &opened.decision[..len], &opened.lam[..len]);
    let (lam_mask, carry) = (&parts.lam_mask[..len], &parts.carry[..len]);
    let (top, lam_top) = (&parts.top[..len], &parts.lam_top[..len]);
    for index in 0..len {
        let shifted = masked[index].wrapping_add(quarter) & format.pre_activation();
        let mu = shifted >> (n - 1);
        let public = shifted.wrapping_sub(mu.times_power(n)).wrapping_sub(quarter);
        let low_half = mu.wrapping_sub(W::from(1));
        let lost = carry[index].wrapping_add(top[index] & low_half);
        let mask = (base[index] & format.pre_activation()).wrapping_sub(lost.times_power(n));
        let lam_mask = lam_mask[index].wrapping_sub((lam_top[index] & low_half).times_power(n));
        let hidden = lam[index].wrapping_mul(public).wrapping_add(lam_mask);
        let chosen = decision[index].wrapping_neg();
        let own = if PUBLIC { mask.wrapping_add(public) } else { mask };
        let signed = (hidden ^ chosen).wrapping_add(decision[index]);
        base[index] = (own & chosen).wrapping_add(signed) & wide;
    }
}
