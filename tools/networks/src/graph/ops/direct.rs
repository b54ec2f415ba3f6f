//! Convolutions that are not worth unfolding, and where a kernel element reads.

use brelu_core::geometry::{Conv2d, Shape};
use std::ops::Range;

/// The input row (axis 0) or column (axis 1) that kernel position `tap` reads at output position `at`, if inside.
pub(super) fn source(g: &Conv2d, axis: usize, at: usize, tap: usize) -> Option<usize> {
    let size = if axis == 0 { g.input.height } else { g.input.width } as usize;
    let padded = at * usize::from(g.stride[axis]) + tap * usize::from(g.dilation[axis]);
    padded.checked_sub(usize::from(g.pads[axis])).filter(|position| *position < size)
}

/// The output columns (of `width`) at which kernel column `tap` reads inside the input, and what the first
/// of them reads.
pub(super) fn inside(g: &Conv2d, tap: usize, width: usize) -> (Range<usize>, usize) {
    let stride = usize::from(g.stride[1]);
    let (offset, pad) = (tap * usize::from(g.dilation[1]), usize::from(g.pads[1]));
    let first = pad.saturating_sub(offset).div_ceil(stride).min(width);
    let end = (g.input.width as usize + pad).saturating_sub(offset).div_ceil(stride).clamp(first, width);
    let start = if first == end { 0 } else { first * stride + offset - pad };
    (first..end, start)
}

/// One input plane, any number of output planes: kernel element by kernel element.
pub(super) fn planes(g: &Conv2d, to: Shape, weights: &[f32], x: &[f32], out: &mut [f32]) {
    let width = to.width as usize;
    for (out, kernel) in out.chunks_exact_mut(to.plane()).zip(weights.chunks_exact(g.fan_in())) {
        for (i, line) in out.chunks_exact_mut(width).enumerate() {
            for (k, kernel) in kernel.chunks_exact(usize::from(g.kernel[1])).enumerate() {
                let Some(row) = source(g, 0, i, k) else { continue };
                let x = &x[row * g.input.width as usize..][..g.input.width as usize];
                for (l, weight) in kernel.iter().enumerate() {
                    accumulate(g, l, *weight, x, line);
                }
            }
        }
    }
}

fn accumulate(g: &Conv2d, tap: usize, weight: f32, x: &[f32], line: &mut [f32]) {
    let (inside, start) = inside(g, tap, line.len());
    let line = &mut line[inside];
    if g.stride[1] == 1 {
        for (out, x) in line.iter_mut().zip(&x[start..]) {
            *out += weight * x;
        }
    } else {
        for (out, x) in line.iter_mut().zip(x[start..].iter().step_by(usize::from(g.stride[1]))) {
            *out += weight * x;
        }
    }
}

/// `out += weights * x` for a kernel that covers the whole input.
pub(super) fn dense(weights: &[f32], x: &[f32], out: &mut [f32]) {
    for (out, row) in out.iter_mut().zip(weights.chunks_exact(x.len())) {
        *out += dot(row, x);
    }
}

/// Eight running sums, so that the compiler may use vector registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f32 = a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a8.zip(b8) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    tail + sums.iter().sum::<f32>()
}
