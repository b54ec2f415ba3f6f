//! Pooling, plane by plane.

use super::super::Window;
use brelu_core::geometry::Shape;

/// The largest element of every window inside the input.
pub(super) fn max(window: &Window, from: Shape, to: Shape, x: &[f32], out: &mut [f32]) {
    reduce(window, from, to, x, out, f32::NEG_INFINITY, f32::max);
}

/// The mean of every window; see [`Op::AveragePool`](super::super::Op::AveragePool) for the divisor.
pub(super) fn average(
    window: &Window,
    count_include_pad: bool,
    from: Shape,
    to: Shape,
    x: &[f32],
    out: &mut [f32],
) {
    reduce(window, from, to, x, out, 0.0, |sum, x| sum + x);
    let count = |i, size, axis| match count_include_pad {
        true => window.padded_taps(i, size, axis),
        false => window.taps(i, size, axis).count(),
    };
    let rows: Vec<usize> = (0..to.height).map(|i| count(i, from.height, 0)).collect();
    let columns: Vec<usize> = (0..to.width).map(|j| count(j, from.width, 1)).collect();
    for plane in out.chunks_exact_mut(to.plane()) {
        for (line, rows) in plane.chunks_exact_mut(to.width as usize).zip(&rows) {
            for (out, columns) in line.iter_mut().zip(&columns) {
                *out /= (rows * columns) as f32;
            }
        }
    }
}

fn reduce(
    window: &Window,
    from: Shape,
    to: Shape,
    x: &[f32],
    out: &mut [f32],
    start: f32,
    combine: impl Fn(f32, f32) -> f32,
) {
    let rows: Vec<Vec<usize>> = (0..to.height).map(|i| window.taps(i, from.height, 0).collect()).collect();
    let columns: Vec<Vec<usize>> = (0..to.width).map(|j| window.taps(j, from.width, 1).collect()).collect();
    for (out, x) in out.chunks_exact_mut(to.plane()).zip(x.chunks_exact(from.plane())) {
        for (line, rows) in out.chunks_exact_mut(to.width as usize).zip(&rows) {
            line.fill(start);
            for row in rows {
                let x = &x[row * from.width as usize..][..from.width as usize];
                for (out, columns) in line.iter_mut().zip(&columns) {
                    *out = columns.iter().fold(*out, |sum, column| combine(sum, x[*column]));
                }
            }
        }
    }
}
