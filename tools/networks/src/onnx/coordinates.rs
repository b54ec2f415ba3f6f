//! Where the elements of a resized axis lie on the axis before: position by position, then one rational map sought that
//! gives them all, or several; for interpolation as a straight line.
//!
//! Positions are computed in `f32`, step by step as onnxruntime does.

use super::along::{Along, length};
use super::call::Call;
use super::error::Problem;
use super::kernel::Kernel;
use super::resize::Target;
use super::stretch::{Line, Stretch};
use crate::graph::Axis;

/// Where output positions lie on the input, as far as that is supported.
const COORDINATES: [&str; 6] = [
    "half_pixel",
    "pytorch_half_pixel",
    "half_pixel_symmetric",
    "align_corners",
    "asymmetric",
    "tf_half_pixel_for_nn",
];

/// Where an output position lies on the input axis, and which neighbour it takes.
pub(super) struct Rule<'model> {
    pub(super) coordinates: &'model str,
    rounding: &'model str,
}

impl<'model> Rule<'model> {
    pub(super) fn read(call: &Call<'model>) -> Problem<Self> {
        if call.opset < 11 || call.proto.op_type == "Upsample" {
            return Ok(Self { coordinates: "asymmetric", rounding: "simple" });
        }
        if call.int("antialias", 0) != 0 {
            return Err("attribute antialias = 1 is not supported".into());
        }
        let coordinates = call.text("coordinate_transformation_mode", "half_pixel")?;
        if !COORDINATES.contains(&coordinates) {
            return Err(unknown(coordinates));
        }
        Ok(Self { coordinates, rounding: call.text("nearest_mode", "round_prefer_floor")? })
    }

    /// Whether an axis stays as it is, by whatever interpolation.
    pub(super) fn keeps(&self, size: usize, target: &Target) -> bool {
        size == target.len as usize && (target.scale == 1.0 || self.coordinates == "align_corners")
    }

    /// How an axis is interpolated, if it can be.
    pub(super) fn stretch(&self, size: usize, target: &Target, kernel: Kernel) -> Problem<Option<Stretch>> {
        let from = length(size)?;
        if size == 1 || self.keeps(size, target) {
            return Ok(Some(Stretch::constant(from, target.len)));
        }
        Ok(Stretch::new(from, target.len, &self.line(size, target)?, kernel))
    }

    /// As [`Self::coordinate`], for all positions.
    fn line(&self, size: usize, target: &Target) -> Problem<Line> {
        let (size, len, scale) = (size as f64, f64::from(target.len), f64::from(target.scale));
        let halves = |shift: f64| Line { first: 0.5 / scale + shift, step: 1.0 / scale };
        Ok(match self.coordinates {
            "align_corners" | "pytorch_half_pixel" if target.len <= 1 => Line { first: 0.0, step: 0.0 },
            "align_corners" => Line { first: 0.0, step: (size - 1.0) / (len - 1.0) },
            "asymmetric" => Line { first: 0.0, step: 1.0 / scale },
            "half_pixel" | "pytorch_half_pixel" => halves(-0.5),
            "tf_half_pixel_for_nn" => halves(0.0),
            "half_pixel_symmetric" => halves(size / 2.0 * (1.0 - len / (size * scale)) - 0.5),
            other => return Err(unknown(other)),
        })
    }

    pub(super) fn nearest(&self, size: usize, target: &Target) -> Problem<Along> {
        let last = size.saturating_sub(1) as f32;
        let position =
            |i: u32| Ok(self.round(self.coordinate(i, size, target)?, target.scale)?.clamp(0.0, last) as u32);
        let sources: Vec<u32> = (0..target.len).map(position).collect::<Problem<_>>()?;
        find(&sources, size as u32).map_or_else(|| Along::of(&sources), |axis| Ok(Along::Regular(axis)))
    }

    fn coordinate(&self, i: u32, size: usize, target: &Target) -> Problem<f32> {
        let (at, scale, size, len) = (i as f32, target.scale, size as f32, target.len as f32);
        Ok(match self.coordinates {
            "asymmetric" => at / scale,
            "half_pixel" => (at + 0.5) / scale - 0.5,
            "pytorch_half_pixel" if target.len > 1 => (at + 0.5) / scale - 0.5,
            "pytorch_half_pixel" => 0.0,
            "align_corners" if target.len > 1 => at * (size - 1.0) / (len - 1.0),
            "align_corners" => 0.0,
            "tf_half_pixel_for_nn" => (at + 0.5) / scale,
            // This one in `f64` from here on.
            "half_pixel_symmetric" => {
                let offset = size / 2.0 * (1.0 - len / (size * scale));
                (f64::from(offset) + f64::from(at + 0.5) / f64::from(scale) - 0.5) as f32
            }
            other => return Err(unknown(other)),
        })
    }

    fn round(&self, at: f32, scale: f32) -> Problem<f32> {
        Ok(match self.rounding {
            "simple" if scale < 1.0 => at.ceil(),
            "simple" | "floor" => at.floor(),
            "ceil" => at.ceil(),
            // Halves are exact, one less than them is not.
            "round_prefer_floor" if at.fract() == 0.5 => at.floor(),
            "round_prefer_floor" | "round_prefer_ceil" => at.round(),
            other => return Err(format!("attribute nearest_mode = {other:?} is not known")),
        })
    }
}

fn unknown(coordinates: &str) -> String {
    format!("attribute coordinate_transformation_mode = {coordinates:?} is not supported")
}

/// The map that gives exactly these sources, among those with the steps of the usual rules.
fn find(sources: &[u32], size: u32) -> Option<Axis> {
    let (len, inner) = (sources.len() as i64, i64::from(size));
    let steps = [(inner, len), (inner - 1, len - 1)].into_iter().filter(|(_, den)| *den > 0);
    for (num, den) in steps {
        let divisor = gcd(num, den);
        let (num, den) = (2 * num / divisor, 2 * den / divisor);
        for add in -den..=den {
            let axis = Axis { len: sources.len() as u32, num, add, den };
            if axis.sources(size).eq(sources.iter().map(|source| Some(*source))) {
                return Some(reduce(axis));
            }
        }
    }
    None
}

/// Whole steps as plain repetition: halves `num` and `den` where `add` does not need them.
fn reduce(axis: Axis) -> Axis {
    let exact = axis.num % 2 == 0 && axis.den % 2 == 0;
    match exact {
        true => Axis { num: axis.num / 2, add: axis.add.div_euclid(2), den: axis.den / 2, ..axis },
        false => axis,
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_rules_are_found() {
        for (coordinates, rounding) in [
            ("asymmetric", "floor"),
            ("half_pixel", "round_prefer_floor"),
            ("half_pixel", "round_prefer_ceil"),
            ("pytorch_half_pixel", "round_prefer_floor"),
            ("align_corners", "floor"),
            ("align_corners", "round_prefer_floor"),
            ("align_corners", "round_prefer_ceil"),
            ("tf_half_pixel_for_nn", "floor"),
        ] {
            for (size, len) in [(4, 8), (3, 9), (8, 4), (5, 7), (7, 7), (2, 1), (33, 257)] {
                let target = Target { len, scale: len as f32 / size as f32 };
                let axis = Rule { coordinates, rounding }.nearest(size as usize, &target);
                assert!(
                    matches!(axis, Ok(Along::Regular(_))),
                    "{coordinates} {rounding} {size} {len}: {axis:?}"
                );
            }
        }
    }

    #[test]
    fn edges_may_be_clamped() {
        let rule = Rule { coordinates: "asymmetric", rounding: "round_prefer_floor" };
        let Ok(Along::Regular(axis)) = rule.nearest(3, &Target { len: 9, scale: 3.0 }) else {
            panic!("pieces")
        };
        assert_eq!(axis.sources(3).collect::<Vec<_>>(), [0, 0, 1, 1, 1, 2, 2, 2, 2].map(Some));
    }

    #[test]
    fn doubling_is_repetition() {
        let rule = Rule { coordinates: "asymmetric", rounding: "floor" };
        let Ok(Along::Regular(axis)) = rule.nearest(2, &Target { len: 4, scale: 2.0 }) else {
            panic!("pieces")
        };
        assert_eq!(axis.sources(2).collect::<Vec<_>>(), [0, 0, 1, 1].map(Some));
        assert_eq!(axis.den, 2);
    }
}
