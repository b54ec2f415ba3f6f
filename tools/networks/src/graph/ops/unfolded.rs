//! One group of a convolution as a matrix product over unfolded patches, a band of output rows at a time.

use super::direct;
use brelu_core::geometry::Conv2d;
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

/// Elements of the unfolded band, small enough for the second-level cache.
const BAND: usize = 1 << 16;

/// `out += weights * x`, planes of one group; `columns` is working memory.
pub(super) fn product(
    g: &Conv2d,
    [height, width]: [usize; 2],
    weights: &[f32],
    x: &[f32],
    columns: &mut Vec<f32>,
    out: &mut [f32],
) {
    let fan_in = g.fan_in();
    let pointwise = g.kernel == [1, 1] && g.stride == [1, 1] && g.pads == [0; 4];
    let rows = (BAND / (fan_in * width)).clamp(1, height);
    for top in (0..height).step_by(rows) {
        let band = rows.min(height - top) * width;
        let at = top * width;
        if pointwise {
            multiply(weights, fan_in, &x[at..], height * width, &mut out[at..], height * width, band);
        } else {
            columns.resize((fan_in * band).max(columns.len()), 0.0);
            unfold(g, [top, band / width], width, x, columns);
            multiply(weights, fan_in, columns, band, &mut out[at..], height * width, band);
        }
    }
}

/// Writes `columns[tap][position]` for `count` output rows from `top`; taps as in the weights.
fn unfold(g: &Conv2d, [top, count]: [usize; 2], width: usize, x: &[f32], columns: &mut [f32]) {
    let taps = columns.chunks_exact_mut(count * width);
    let [rows, cols] = g.kernel.map(usize::from);
    for (tap, out) in taps.take(g.fan_in()).enumerate() {
        let (plane, k, l) = (tap / (rows * cols), tap / cols % rows, tap % cols);
        let x = &x[plane * g.input.plane()..][..g.input.plane()];
        for (i, line) in out.chunks_exact_mut(width).enumerate() {
            match direct::source(g, 0, top + i, k) {
                Some(row) => unfold_line(g, l, &x[row * g.input.width as usize..], line),
                None => line.fill(0.0),
            }
        }
    }
}

fn unfold_line(g: &Conv2d, tap: usize, x: &[f32], line: &mut [f32]) {
    let stride = usize::from(g.stride[1]);
    let (inside, start) = direct::inside(g, tap, line.len());
    line[..inside.start].fill(0.0);
    line[inside.end..].fill(0.0);
    let line = &mut line[inside];
    if stride == 1 {
        line.copy_from_slice(&x[start..][..line.len()]);
    } else {
        for (out, x) in line.iter_mut().zip(x[start..].iter().step_by(stride)) {
            *out = *x;
        }
    }
}

/// `c += a * b` with `a` of `c_rows x depth`, `b` of `depth x width` in rows `b_stride` apart, `c` in rows `c_stride`
/// apart.
fn multiply(
    a: &[f32],
    depth: usize,
    b: &[f32],
    b_stride: usize,
    c: &mut [f32],
    c_stride: usize,
    width: usize,
) {
    let rows = a.len() / depth;
    let a = ArrayView2::from_shape((rows, depth), a);
    let b = ArrayView2::from_shape((depth, width).strides((b_stride, 1)), b);
    let c = ArrayViewMut2::from_shape((rows, width).strides((c_stride, 1)), c);
    debug_assert!(a.is_ok() && b.is_ok() && c.is_ok(), "the slices hold the matrices");
    if let (Ok(a), Ok(b), Ok(mut c)) = (a, b, c) {
        general_mat_mul(1.0, &a, &b, 1.0, &mut c);
    }
}
