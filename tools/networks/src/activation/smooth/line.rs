//! The straight lines that functions approach.

/// `offset + slope z`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The slope.
    pub slope: f64,
    /// The value at zero.
    pub offset: f64,
}

/// Where a function is taken to be as near its asymptote as it gets, and a place beyond that which confirms it.
const FAR: f64 = (1u32 << 20) as f64;
const FARTHER: f64 = (1u32 << 24) as f64;

/// Differences between the two places that are none.
const SAME: f64 = 1e-3;

/// Slopes that are zero.
const FLAT: f64 = 1e-7;

impl Line {
    /// The value at `z`.
    pub fn of(&self, z: f64) -> f64 {
        self.offset + self.slope * z
    }

    /// The line through two points.
    pub fn through([x, y]: [f64; 2], [other, z]: [f64; 2]) -> Self {
        let slope = (z - y) / (other - x);
        Self { slope, offset: y - slope * x }
    }

    /// Where two lines meet; not finite if they are parallel.
    pub fn meets(&self, other: &Self) -> f64 {
        (other.offset - self.offset) / (self.slope - other.slope)
    }
}

/// The lines that a function approaches below and above all numbers, if it approaches one on either side.
pub(super) fn ends(function: impl Fn(f64) -> f64) -> Option<[Line; 2]> {
    let end = |sign: f64| {
        let through = |z: f64| Line::through([z, function(z)], [2.0 * z, function(2.0 * z)]);
        let (near, far) = (through(sign * FAR), through(sign * FARTHER));
        let same = |a: f64, b: f64| (a - b).abs() <= SAME * (1.0 + b.abs());
        let found = same(near.slope, far.slope) && same(near.offset, far.offset);
        let slope = if far.slope.abs() < FLAT { 0.0 } else { far.slope };
        let z = sign * FARTHER;
        found.then(|| Line { slope, offset: function(z) - slope * z })
    };
    Some([end(-1.0)?, end(1.0)?])
}
