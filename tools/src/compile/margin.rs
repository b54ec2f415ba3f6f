//! How far beyond what calibration showed a value may go.
//!
//! The largest of `m` values with an exponential tail grows with the logarithm of `m`. Layers whose maps are small show few
//! values on a few dozen pictures, and the next thousand pictures exceed them by more than they exceed what large maps
//! showed: by `ln HORIZON / ln m`. Small maps are also where more room costs least.

/// Values of a channel among which hardly any is to leave its window.
const HORIZON: f64 = 2.5e7;

/// Least and largest factor.
const LEAST: f64 = 1.1;
const MOST: f64 = 4.0;

/// What values may reach before their ring ends, in parts of what comparisons hold: a value beyond a window is decided the
/// wrong way, one beyond its ring is wrong by the size of the ring, and a bit of the ring is cheap.
const RANGE: f64 = 2.0;

/// The factors for what a calibration showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Margin {
    /// What the user multiplies them by.
    pub(super) times: f32,
    /// Calibration images.
    pub(super) images: usize,
}

impl Margin {
    /// The factor for comparison windows of channels of which each image shows `values`.
    pub(super) fn window(&self, values: usize) -> f64 {
        let seen = (self.images * values).max(2) as f64;
        f64::from(self.times) * (HORIZON.ln() / seen.ln()).clamp(LEAST, MOST)
    }

    /// The same for ranges.
    pub(super) fn range(&self, values: usize) -> f64 {
        RANGE * self.window(values)
    }
}
