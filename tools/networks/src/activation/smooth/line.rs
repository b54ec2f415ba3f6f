//! The straight lines that functions approach.

/// `offset + slope z`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The slope.
    pub slope: f64,
    /// The value at zero.
    pub offset: f64,
}

/// Where a function is taken to be as near its asymptote as it gets, and a place beyond that which confirms it; near ones for
/// what overflows at far ones, as the logarithm of a sigmoid does.
const FAR: [[f64; 2]; 2] = [[(1u32 << 20) as f64, (1u32 << 24) as f64], [128.0, 256.0]];

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
    let at = |sign: f64, [near, far]: [f64; 2]| {
        let through = |z: f64| Line::through([z, function(z)], [2.0 * z, function(2.0 * z)]);
        let (first, second) = (through(sign * near), through(sign * far));
        let same = |a: f64, b: f64| (a - b).abs() <= SAME * (1.0 + b.abs());
        let found = same(first.slope, second.slope) && same(first.offset, second.offset);
        let slope = if second.slope.abs() < FLAT { 0.0 } else { second.slope };
        let z = sign * far;
        found.then(|| Line { slope, offset: function(z) - slope * z })
    };
    let end = |sign: f64| FAR.iter().find_map(|places| at(sign, *places));
    Some([end(-1.0)?, end(1.0)?])
}
