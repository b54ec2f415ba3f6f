//! Operations that read each element once.

/// `out = scale[c] * x + shift[c]` on planes of `plane` elements.
pub(super) fn affine(scale: &[f32], shift: &[f32], plane: usize, x: &[f32], out: &mut [f32]) {
    let planes = out.chunks_exact_mut(plane).zip(x.chunks_exact(plane));
    for ((out, x), (scale, shift)) in planes.zip(scale.iter().zip(shift)) {
        for (out, x) in out.iter_mut().zip(x) {
            *out = scale * x + shift;
        }
    }
}

/// `out = min(max(x, 0), max)`.
pub(super) fn clip(max: f32, x: &[f32], out: &mut [f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = x.max(0.0).min(max);
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
