//! Piecewise-linear activations through masked windows, block-ReLU above all, and the extension of the ring.

use brelu_core::plan::{Channel, Piecewise};
use brelu_core::ring::{mask, signed};

use super::noise::Noise;
use super::{Layer, LayerUse};

/// Computes a layer from residues mod 2^n; the result is not reduced.
pub(super) fn run(layer: &Layer<'_>, x: &[u32], noise: &mut Noise) -> (Vec<u32>, LayerUse) {
    let mut used = LayerUse::default();
    let mut out = Vec::with_capacity(x.len());
    for (index, plane) in x.chunks(layer.node.shape.plane()).enumerate() {
        match layer.channels.get(index) {
            Channel::Zero => out.extend(plane.iter().map(|_| 0)),
            Channel::Identity => {
                watch(plane, layer, &mut used);
                out.extend(plane.iter().map(|z| extend(*z, layer.bits, noise.pair()[0])));
            }
            Channel::Blocks { height, width, lo } => {
                watch(plane, layer, &mut used);
                let window = Window { bits: layer.bits, width: layer.window, lo };
                let function = layer.channels.function(index);
                if !function.is_relu() {
                    let blocks = Blocks { line: layer.node.shape.width as usize, height, width };
                    out.extend(blocks.piecewise(plane, function, &window, noise, &mut used));
                } else if (height, width) == (1, 1) {
                    pixels(plane, &window, noise, &mut used, &mut out);
                } else {
                    let blocks = Blocks { line: layer.node.shape.width as usize, height, width };
                    blocks.run(plane, &window, noise, &mut used, &mut out);
                }
            }
        }
    }
    (out, used)
}

fn watch(plane: &[u32], layer: &Layer<'_>, used: &mut LayerUse) {
    let bits = layer.bits;
    // Within one ring the selection is right modulo its size, whatever the value is.
    let limit = if layer.node.bits == bits { u32::MAX } else { 1 << (bits - 2) };
    for z in plane {
        let magnitude = signed(*z, bits).unsigned_abs();
        used.largest = used.largest.max(magnitude);
        used.out_of_range += u64::from(magnitude >= limit);
    }
}

/// `z'` over the integers from its residue: `at + b - 2^(n-2) - 2^n (msb(at) | msb(b))` with the mask `b` and
/// `at = z - b + 2^(n-2) mod 2^n`. Exact for `|z'| < 2^(n-2)`.
#[inline]
fn extend(z: u32, bits: u8, mask_word: u32) -> u32 {
    let (ring, top, quarter) = (mask(bits), bits - 1, 1u32 << (bits - 2));
    let b = mask_word & ring;
    let at = z.wrapping_sub(b).wrapping_add(quarter) & ring;
    let carry = u64::from((at >> top) | (b >> top));
    at.wrapping_add(b).wrapping_sub(quarter).wrapping_sub((carry << bits) as u32)
}

/// Where a comparison looks.
struct Window {
    bits: u8,
    width: u8,
    lo: u8,
}

impl Window {
    /// Whether `sum` (mod 2^bits) counts as not negative under the mask `lam`.
    #[inline]
    fn decide(&self, sum: u32, lam: u32) -> bool {
        let ring = mask(self.bits);
        let lam = lam & ring;
        let half = if self.lo == 0 { 0 } else { 1 << (self.lo - 1) };
        let a = sum.wrapping_sub(lam).wrapping_add(half) & ring;
        let seen = (a >> self.lo).wrapping_add(lam >> self.lo);
        (seen >> (self.width - 1)) & 1 == 0
    }

    /// Whether `sum` is too large for the window, into whose top bit the rounding carries.
    #[inline]
    fn excludes(&self, sum: u32) -> bool {
        let limit = (1u64 << (self.lo + self.width - 1)) - (1 << self.lo >> 1);
        u64::from(signed(sum, self.bits).unsigned_abs()) >= limit
    }
}

fn pixels(plane: &[u32], window: &Window, noise: &mut Noise, used: &mut LayerUse, out: &mut Vec<u32>) {
    out.extend(plane.iter().map(|z| {
        let [lam, b] = noise.pair();
        used.out_of_window += u64::from(window.excludes(*z));
        if window.decide(*z, lam) { extend(*z, window.bits, b) } else { 0 }
    }));
}

/// Blocks of one plane; ragged edges sum what is there.
struct Blocks {
    line: usize,
    height: u16,
    width: u16,
}

impl Blocks {
    fn run(
        &self,
        plane: &[u32],
        window: &Window,
        noise: &mut Noise,
        used: &mut LayerUse,
        out: &mut Vec<u32>,
    ) {
        let width = usize::from(self.width);
        for band in plane.chunks(usize::from(self.height) * self.line) {
            let signs = self.signs(band, 0, window, noise, used);
            for row in band.chunks(self.line) {
                for (part, passes) in row.chunks(width).zip(&signs) {
                    out.extend(part.iter().map(|z| match passes {
                        true => extend(*z, window.bits, noise.pair()[1]),
                        false => 0,
                    }));
                }
            }
        }
    }

    /// What each block of a row of blocks decides about its pixels minus `at`.
    fn signs(
        &self,
        band: &[u32],
        at: i32,
        window: &Window,
        noise: &mut Noise,
        used: &mut LayerUse,
    ) -> Vec<bool> {
        let width = usize::from(self.width);
        let mut sums = vec![0u32; self.line.div_ceil(width)];
        for row in band.chunks(self.line) {
            for (sum, part) in sums.iter_mut().zip(row.chunks(width)) {
                let moved = part.iter().map(|z| z.wrapping_sub(at as u32));
                *sum = moved.fold(*sum, u32::wrapping_add) & mask(window.bits);
            }
        }
        used.out_of_window += sums.iter().filter(|sum| window.excludes(**sum)).count() as u64;
        sums.iter().map(|sum| window.decide(*sum, noise.pair()[0])).collect()
    }

    /// One plane of a function of any knots.
    fn piecewise(
        &self,
        plane: &[u32],
        function: Piecewise<'_>,
        window: &Window,
        noise: &mut Noise,
        used: &mut LayerUse,
    ) -> Vec<u32> {
        let z: Vec<u32> = plane.iter().map(|z| extend(*z, window.bits, noise.pair()[1])).collect();
        let line = |z: &u32| (function.offset() as u32).wrapping_add(z.wrapping_mul(function.slope() as u32));
        let mut out: Vec<u32> = z.iter().map(line).collect();
        let (height, width) = (usize::from(self.height), usize::from(self.width));
        for knot in function.knots() {
            for (row, band) in plane.chunks(height * self.line).enumerate() {
                let signs = self.signs(band, knot.at, window, noise, used);
                let first = row * height * self.line;
                for index in first..first + band.len() {
                    let above = z[index].wrapping_sub(knot.at as u32).wrapping_mul(knot.slope as u32);
                    let passes = signs[(index - first) % self.line / width];
                    out[index] = out[index].wrapping_add(if passes { above } else { 0 });
                }
            }
        }
        out
    }
}
