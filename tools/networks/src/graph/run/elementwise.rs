//! Operations that read each element once.

use crate::activation::Functions;

/// `out = scale[c] * x + shift[c]` on planes of `plane` elements.
pub(super) fn affine(scale: &[f32], shift: &[f32], plane: usize, x: &[f32], out: &mut [f32]) {
    let planes = out.chunks_exact_mut(plane).zip(x.chunks_exact(plane));
    for ((out, x), (scale, shift)) in planes.zip(scale.iter().zip(shift)) {
        for (out, x) in out.iter_mut().zip(x) {
            *out = scale * x + shift;
        }
    }
}

/// The functions of the channels, on planes of `plane` elements.
pub(super) fn activate(functions: &Functions, plane: usize, x: &[f32], out: &mut [f32]) {
    if let Some(max) = functions.relu_bound() {
        out.iter_mut().zip(x).for_each(|(out, x)| *out = x.max(0.0).min(max));
        return;
    }
    for (channel, (out, x)) in out.chunks_exact_mut(plane).zip(x.chunks_exact(plane)).enumerate() {
        let function = functions.get(channel);
        out.iter_mut().zip(x).for_each(|(out, x)| *out = function.of(*x));
    }
}

/// `out = x + y`.
pub(super) fn add(x: &[f32], y: &[f32], out: &mut [f32]) {
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = x + y;
    }
}

/// All inputs one after the other.
pub(super) fn concat(xs: &[&[f32]], mut out: &mut [f32]) {
    for x in xs {
        let (head, tail) = out.split_at_mut(x.len());
        head.copy_from_slice(x);
        out = tail;
    }
}
