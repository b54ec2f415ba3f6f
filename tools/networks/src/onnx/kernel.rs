//! Interpolation as weights of repeated positions: weights of which every `grid` that follow each other sum up to the kernel
//! there, so that `weight[k + grid] - weight[k]` is how much the kernel grows at `k`.

/// How values between elements follow from them.
#[derive(Clone, Copy)]
pub(super) enum Kernel {
    /// Of two neighbours.
    Linear,
    /// Of four, by Keys' convolution with this coefficient (doi 10.1109/TASSP.1981.1163711).
    Cubic(f64),
}

impl Kernel {
    /// The weights for `grid` positions from element to element, an output lying a `part` of their distance behind one, and
    /// how many positions before that they begin.
    pub(super) fn weights(self, grid: u32, part: f64) -> (i64, Vec<f32>) {
        match self {
            Self::Linear => (0, linear(grid, part as f32)),
            Self::Cubic(coefficient) => (grid.into(), cubic(grid, part, coefficient)),
        }
    }
}

/// The mean over `grid` neighbours, moved by a part of their distance.
fn linear(grid: u32, part: f32) -> Vec<f32> {
    let mut weights = vec![1.0 / grid as f32; grid as usize];
    if part > 0.0 {
        weights.push(weights[0] * part);
        weights[0] *= 1.0 - part;
    }
    weights
}

fn cubic(grid: u32, part: f64, a: f64) -> Vec<f32> {
    let kernel = |x: f64| match x.abs() {
        x if x <= 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
        x if x < 2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
        _ => 0.0,
    };
    let grid = grid as usize;
    let at = |k: usize| kernel((k as f64 - part) / grid as f64 - 2.0);
    let mut weights = vec![0.0f64; 4 * grid + 1];
    for k in 0..=3 * grid {
        weights[k + grid] = weights[k] + at(k + 1) - at(k);
    }
    weights[grid..].iter().map(|weight| *weight as f32).collect()
}
