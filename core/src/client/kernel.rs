//! The client's only heavy computation, `x_cd * W_cs`, behind a trait: a host brings a fast one.

use core::ops::Range;

use zeroize::Zeroize;

use crate::geometry::Conv2d;
use crate::plan::NodeId;
use crate::prf::{Address, PairKey, Stream};
use crate::ring;

/// Applies maps whose weights are `W_cs`.
pub trait LinearKernel {
    /// Whether whole maps come in parts too, so that other tasks get their turn.
    const IN_PARTS: bool = false;

    /// `out += x * W_cs` modulo 2^`bits` for linear term `term` of node `node`.
    ///
    /// `map` is the term's map, or the part of it that yields some rows; `x` and `out` have its input and output
    /// shape. The weights are the stream [`Address::weights`] of `key`, `bits` bits each.
    #[allow(clippy::too_many_arguments)]
    fn accumulate(
        &mut self,
        key: &PairKey,
        node: NodeId,
        term: u8,
        map: &Conv2d,
        bits: u8,
        x: &[u32],
        out: &mut [u32],
    );

    /// As [`Self::accumulate`], for what some input planes add to some output planes: `x` and `out` are those planes.
    ///
    /// For maps that memory does not hold as a whole, and, with [`Self::IN_PARTS`], for all others. The bits of `out`
    /// beyond `bits` have no meaning.
    #[allow(clippy::too_many_arguments)]
    fn accumulate_part(
        &mut self,
        key: &PairKey,
        node: NodeId,
        term: u8,
        map: &Conv2d,
        part: &Part,
        bits: u8,
        x: &[u32],
        out: &mut [u32],
    ) {
        Portable.accumulate_part(key, node, term, map, part, bits, x, out);
    }
}

/// Some input planes and some output planes of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Input planes.
    pub inputs: Range<usize>,
    /// Output planes.
    pub outputs: Range<usize>,
}

/// The kernel for any machine: no memory beyond a few weights on the stack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

/// Weights on the stack: the 3x3 kernels of 16 planes, a whole number of ChaCha blocks.
const PIECE: usize = 144;

impl LinearKernel for Portable {
    const IN_PARTS: bool = true;

    fn accumulate(
        &mut self,
        key: &PairKey,
        node: NodeId,
        term: u8,
        map: &Conv2d,
        bits: u8,
        x: &[u32],
        out: &mut [u32],
    ) {
        let part = Part { inputs: 0..map.input.channels as usize, outputs: 0..map.out_channels as usize };
        self.accumulate_part(key, node, term, map, &part, bits, x, out);
        ring::reduce(out, bits);
    }

    fn accumulate_part(
        &mut self,
        key: &PairKey,
        node: NodeId,
        term: u8,
        map: &Conv2d,
        part: &Part,
        bits: u8,
        x: &[u32],
        out: &mut [u32],
    ) {
        let Some(shape) = map.output() else { return };
        let (inputs, plane) = (map.group_inputs() as usize, map.input.plane());
        let mut weights =
            Weights { stream: key.stream(Address::weights(node, term)), bits, words: [0; PIECE] };
        for (channel, out) in part.outputs.clone().zip(out.chunks_exact_mut(shape.plane())) {
            let group = channel / (map.out_channels / map.groups) as usize * inputs;
            let (low, high) = (part.inputs.start.max(group), part.inputs.end.min(group + inputs));
            if low < high {
                let x = &x[(low - part.inputs.start) * plane..(high - part.inputs.start) * plane];
                let first = channel * map.fan_in() + (low - group) * taps(map);
                output_plane(map, shape.width as usize, &mut weights, first, x, out);
            }
        }
        weights.words.as_mut_slice().zeroize();
    }
}

/// Weights of one pair of planes.
fn taps(map: &Conv2d) -> usize {
    usize::from(map.kernel[0]) * usize::from(map.kernel[1])
}

struct Weights {
    stream: Stream,
    bits: u8,
    words: [u32; PIECE],
}

impl Weights {
    /// At most [`PIECE`] weights from `first` on.
    fn read(&mut self, first: usize, len: usize) -> &[u32] {
        let words = &mut self.words[..len];
        self.stream.fill(self.bits, first as u64, words);
        words
    }
}

/// Adds what the planes `x` contribute to one output plane; their weights start at `first`.
fn output_plane(map: &Conv2d, width: usize, weights: &mut Weights, first: usize, x: &[u32], out: &mut [u32]) {
    let (plane, taps) = (map.input.plane(), taps(map));
    let bare = map.pads == [0; 4];
    if bare && taps == plane && map.dilation == [1; 2] {
        for (index, x) in x.chunks(PIECE).enumerate() {
            let weights = weights.read(first + index * PIECE, x.len());
            out[0] = out[0].wrapping_add(sum(weights, 0, x));
        }
    } else if bare && taps == 1 && map.stride == [1; 2] {
        for (index, x) in x.chunks(PIECE * plane).enumerate() {
            let weights = weights.read(first + index * PIECE, x.len() / plane);
            weights.chunks(4).zip(x.chunks(4 * plane)).for_each(|(weights, x)| add_planes(weights, x, out));
        }
    } else {
        let planes = (PIECE / taps).max(1);
        for (index, x) in x.chunks(planes * plane).enumerate() {
            let first = first + index * planes * taps;
            for start in (0..taps).step_by(PIECE) {
                let end = taps.min(start + PIECE);
                let weights = weights.read(first + start, (x.len() / plane - 1) * taps + end - start);
                kernels(map, width, weights, start..end, x, out);
            }
        }
    }
}

/// Adds up to four planes, each times its weight.
fn add_planes(weights: &[u32], x: &[u32], out: &mut [u32]) {
    let len = out.len();
    if let [a, b, c, d] = *weights {
        let (first, last) = x.split_at(2 * len);
        let (first, last) = (first.split_at(len), last.split_at(len));
        let x = first.0.iter().zip(first.1).zip(last.0.iter().zip(last.1));
        for (out, ((p, q), (r, s))) in out.iter_mut().zip(x) {
            let sum = a.wrapping_mul(*p).wrapping_add(b.wrapping_mul(*q));
            *out = out.wrapping_add(sum).wrapping_add(c.wrapping_mul(*r)).wrapping_add(d.wrapping_mul(*s));
        }
    } else {
        for (weight, x) in weights.iter().zip(x.chunks_exact(len)) {
            rows::<1, 1, 2, 2>([*weight], x, len, out, len, len);
        }
    }
}

/// Adds the planes `x`, each under weights `part` of its kernel. `weights` has those of the first plane in front.
fn kernels(map: &Conv2d, width: usize, weights: &[u32], part: Range<usize>, x: &[u32], out: &mut [u32]) {
    let kernel_width = usize::from(map.kernel[1]);
    let mut tap = part.start;
    while tap < part.end {
        let (row, column) = (tap / kernel_width, tap % kernel_width);
        let len = match (kernel_width - column).min(part.end - tap) {
            _ if map.dilation[1] != 1 || map.stride[1] > 2 => 1,
            5 | 6 => 3,
            left => left.min(4),
        };
        let each = || (column..column + len).map(|column| meet(map, 1, column, width));
        let (start, end) = (each().map(|met| met.start).max(), each().map(|met| met.end).min());
        let common = start.unwrap_or(0)..end.unwrap_or(0);
        let common = if common.is_empty() { width..width } else { common };
        let weights = &weights[tap - part.start..];
        let mut pass = |index: usize, len: usize, columns: Range<usize>| {
            if !columns.is_empty() {
                let pass = Pass { row, column: column + index, len, columns, width };
                pass.add(map, &weights[index..], x, out);
            }
        };
        // At the edges of the map some weights of the row meet padding.
        for (index, met) in each().enumerate() {
            pass(index, 1, met.start..met.end.min(common.start));
            pass(index, 1, met.start.max(common.end)..met.end);
        }
        pass(0, len, common);
        tap += len;
    }
}

/// Neighbouring weights of one kernel row over the output columns at which all of them meet the map.
struct Pass {
    row: usize,
    column: usize,
    len: usize,
    columns: Range<usize>,
    width: usize,
}

impl Pass {
    /// Adds the planes `x`, each under its own weights.
    fn add(&self, map: &Conv2d, weights: &[u32], x: &[u32], out: &mut [u32]) {
        match (self.len, map.stride[1]) {
            (1, 1) => self.planes(map, weights, x, out, rows::<1, 1, 2, 2>),
            (2, 1) => self.planes(map, weights, x, out, rows::<2, 1, 3, 2>),
            (3, 1) => self.planes(map, weights, x, out, rows::<3, 1, 4, 2>),
            (4, 1) => self.planes(map, weights, x, out, rows::<4, 1, 5, 2>),
            (2, 2) => self.planes(map, weights, x, out, rows::<2, 2, 4, 4>),
            (3, 2) => self.planes(map, weights, x, out, rows::<3, 2, 5, 4>),
            (4, 2) => self.planes(map, weights, x, out, rows::<4, 2, 6, 4>),
            (_, stride) => self.planes(map, weights, x, out, |[weight], x, pitch, out, width, len| {
                for (out, x) in out.chunks_mut(width).zip(x.chunks(pitch)) {
                    for (out, x) in out[..len].iter_mut().zip(x.iter().step_by(usize::from(stride))) {
                        *out = out.wrapping_add(weight.wrapping_mul(*x));
                    }
                }
            }),
        }
    }

    #[inline(always)]
    fn planes<const K: usize>(
        &self,
        map: &Conv2d,
        weights: &[u32],
        x: &[u32],
        out: &mut [u32],
        run: impl Fn([u32; K], &[u32], usize, &mut [u32], usize, usize),
    ) {
        let rows = meet(map, 0, self.row, out.len() / self.width);
        if rows.is_empty() {
            return;
        }
        let input_width = map.input.width as usize;
        let first_row = source(map, 0, self.row, rows.start);
        let first_column = source(map, 1, self.column, self.columns.start);
        let out = &mut out[rows.start * self.width + self.columns.start..rows.end * self.width];
        let pitch = usize::from(map.stride[0]) * input_width;
        for (weights, x) in weights.chunks(taps(map)).zip(x.chunks_exact(map.input.plane())) {
            let Some(weights) = weights.first_chunk::<K>() else { return };
            run(
                *weights,
                &x[first_row * input_width + first_column..],
                pitch,
                out,
                self.width,
                self.columns.len(),
            );
        }
    }
}

/// The output indices at which kernel row or column `at` meets the map, of `size`.
fn meet(map: &Conv2d, axis: usize, at: usize, size: usize) -> Range<usize> {
    let input = [map.input.height, map.input.width][axis] as usize;
    let (stride, pad) = (usize::from(map.stride[axis]), usize::from(map.pads[axis]));
    let shift = at * usize::from(map.dilation[axis]);
    let end = (input + pad).saturating_sub(shift).div_ceil(stride).min(size);
    pad.saturating_sub(shift).div_ceil(stride).min(end)..end
}

/// The input index that kernel row or column `at` sees from output index `from`, one of those that [`meet`] gives.
fn source(map: &Conv2d, axis: usize, at: usize, from: usize) -> usize {
    from * usize::from(map.stride[axis]) + at * usize::from(map.dilation[axis]) - usize::from(map.pads[axis])
}

/// `out[i] += sum of weights[k] * x[i * S + k]` for `len` elements of every row; rows are `width` apart in `out` and
/// `pitch` in `x`. Two outputs see `W = S + K` inputs, `K >= S`.
///
/// Not inlined: the loop needs all registers of a small machine.
#[inline(never)]
fn rows<const K: usize, const S: usize, const W: usize, const N: usize>(
    weights: [u32; K],
    mut x: &[u32],
    pitch: usize,
    mut out: &mut [u32],
    width: usize,
    len: usize,
) {
    let even = len - len % 2;
    let (seen, last) = (even * S + K - S, even * S);
    if len > even {
        for (out, x) in out.chunks_mut(width).zip(x.chunks(pitch)) {
            out[even] = sum(&weights, out[even], &x[last..]);
        }
    }
    while let (Some(row), Some(x_row)) = (out.get_mut(..even), x.get(..seen)) {
        pairs::<K, S, W, N>(&weights, x_row, row);
        let (Some((_, below)), Some(x_below)) = (out.split_at_mut_checked(width), x.get(pitch..)) else {
            return;
        };
        (out, x) = (below, x_below);
    }
}

/// `out[i] += sum of weights[k] * x[i * S + k]`, two outputs at a time.
#[inline(always)]
fn pairs<const K: usize, const S: usize, const W: usize, const N: usize>(
    weights: &[u32; K],
    x: &[u32],
    out: &mut [u32],
) {
    let Some((first, new)) = x.split_at_checked(K - S) else { return };
    let mut seen = [0; W];
    seen[2 * S..].copy_from_slice(first);
    for (pair, new) in out.as_chunks_mut::<2>().0.iter_mut().zip(new.as_chunks::<N>().0) {
        for index in 0..W {
            seen[index] = if index < K - S { seen[index + N] } else { new[index - (K - S)] };
        }
        let mut sums = *pair;
        for (index, out) in sums.iter_mut().enumerate() {
            *out = sum(weights, *out, &seen[index * S..index * S + K]);
        }
        *pair = sums;
    }
}

fn sum(weights: &[u32], start: u32, x: &[u32]) -> u32 {
    weights.iter().zip(x).fold(start, |sum, (weight, x)| sum.wrapping_add(weight.wrapping_mul(*x)))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::geometry::Shape;
    use proptest::prelude::*;
    use std::{vec, vec::Vec};

    /// The definition: every output is a sum over input planes and kernel elements.
    fn naive(map: &Conv2d, weights: &[u32], x: &[u32], bits: u8) -> Vec<u32> {
        let shape = map.output().unwrap();
        let inputs = map.group_inputs();
        let mut out = Vec::new();
        for (o, y, column) in (0..shape.channels)
            .flat_map(|o| (0..shape.height).flat_map(move |y| (0..shape.width).map(move |c| (o, y, c))))
        {
            let mut sum = 0u32;
            let group = o / (map.out_channels / map.groups);
            for (i, kr, kc) in (0..inputs).flat_map(|i| {
                (0..map.kernel[0]).flat_map(move |kr| (0..map.kernel[1]).map(move |kc| (i, kr, kc)))
            }) {
                let at = |out: u32, k: u16, axis: usize| {
                    i64::from(out) * i64::from(map.stride[axis])
                        + i64::from(k) * i64::from(map.dilation[axis])
                        - i64::from(map.pads[axis])
                };
                let (row, col) = (at(y, kr, 0), at(column, kc, 1));
                let inside = (0..i64::from(map.input.height)).contains(&row)
                    && (0..i64::from(map.input.width)).contains(&col);
                if inside {
                    let plane = (group * inputs + i) as usize * map.input.plane();
                    let weight = (o as usize * map.fan_in())
                        + (i as usize * taps(map))
                        + usize::from(kr) * usize::from(map.kernel[1])
                        + usize::from(kc);
                    let value = x[plane + row as usize * map.input.width as usize + col as usize];
                    sum = sum.wrapping_add(weights[weight].wrapping_mul(value));
                }
            }
            out.push(sum & ring::mask(bits));
        }
        out
    }

    prop_compose! {
        fn maps()(
            groups in 1u32..4, inputs in 1u32..6, outputs in 1u32..4, height in 1u32..10, width in 1u32..14,
            kernel in [1u16..5, 1u16..9], stride in [1u16..4, 1u16..4], dilation in [1u16..3, 1u16..3],
            pads in [0u16..4, 0u16..4, 0u16..4, 0u16..4], kind in 0..6,
        ) -> Conv2d {
            let input = Shape::new(groups * inputs, height, width);
            let map = Conv2d { input, out_channels: groups * outputs, groups, kernel, stride, dilation, pads };
            match kind {
                0 => Conv2d { kernel: [1; 2], stride: [1; 2], pads: [0; 4], ..map },
                1 => Conv2d { kernel: [height as u16, width as u16], dilation: [1; 2], pads: [0; 4], ..map },
                2 => Conv2d { kernel: [13, 12], dilation: [1; 2], pads: [7; 4], ..map },
                3 => Conv2d { dilation: [1; 2], stride: [1; 2], ..map },
                _ => map,
            }
        }
    }

    proptest! {
        #[test]
        fn any_map_is_what_its_definition_says(
            map in maps().prop_filter("possible", |map| map.output().is_some()),
            bits in 2u8..=32,
            cuts: (prop::sample::Index, prop::sample::Index),
            seed: u8,
        ) {
            let key = PairKey::new([seed; 32]);
            let mut x = vec![0; map.input.len()];
            key.stream(Address::weights(8, 0)).fill(32, 0, &mut x);
            let mut weights = vec![0; map.weight_len()];
            key.stream(Address::weights(3, 1)).fill(bits, 0, &mut weights);
            let want = naive(&map, &weights, &x, bits);
            let mut whole = vec![0; want.len()];
            Portable.accumulate(&key, 3, 1, &map, bits, &x, &mut whole);
            prop_assert_eq!(&whole, &want, "{:?}", map);

            let (inputs, outputs) = (map.input.channels as usize, map.out_channels as usize);
            let (input, output) = (cuts.0.index(inputs), cuts.1.index(outputs));
            let mut parts = vec![0; want.len()];
            let plane = want.len() / outputs;
            for inputs in [0..input, input..inputs] {
                for outputs in [0..output, output..outputs] {
                    let part = Part { inputs: inputs.clone(), outputs: outputs.clone() };
                    let x = &x[inputs.start * map.input.plane()..inputs.end * map.input.plane()];
                    let out = &mut parts[outputs.start * plane..outputs.end * plane];
                    Portable.accumulate_part(&key, 3, 1, &map, &part, bits, x, out);
                }
            }
            ring::reduce(&mut parts, bits);
            prop_assert_eq!(&parts, &want, "{:?} in parts", map);
        }
    }
}
