//! Resize and Upsample by repetition, each output position computed as the standard says, then one rational map sought that
//! gives them all; and by linear interpolation with whole steps.
//!
//! Sizes and positions are computed in `f32`, step by step as onnxruntime does: 3 elements times `5 / 3` are 5 there, and
//! 4 in exact arithmetic.

use super::bilinear::{Stretch, stretch};
use super::build::{Builder, Tensor};
use super::call::{Call, axis};
use super::error::Problem;
use super::proto::NodeProto;
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

/// Longest axis that resizing may make.
const MAX_AXIS: f32 = 65536.0;

pub(super) fn resize(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let targets = targets(call, &x.dims)?;
    let mode = call.text("mode", "nearest")?;
    let rule = Rule::read(call)?;
    // Runtimes copy a tensor that keeps all its sizes, whatever its factors.
    if x.dims.iter().zip(&targets).all(|(size, target)| *size == target.len as usize) {
        return Ok(x.clone());
    }
    if matches!(mode, "linear" | "bilinear") {
        return linear(build, x, &targets, &rule);
    }
    let mut axes = Vec::with_capacity(x.dims.len());
    for (size, target) in x.dims.iter().zip(&targets) {
        axes.push(match mode {
            _ if *size == 1 => Axis::repeat(target.len),
            "nearest" => rule.nearest(*size, target)?,
            _ if rule.keeps(*size, target) => Axis::identity(target.len),
            _ => {
                return Err(format!(
                    "attribute mode = {mode:?} is not supported: resize by nearest or linear"
                ));
            }
        });
    }
    build.view(x, &axes)
}

fn linear(build: &mut Builder, x: &Tensor, targets: &[Target], rule: &Rule) -> Problem<Tensor> {
    let refusal = || {
        let sizes: Vec<u32> = targets.iter().map(|target| target.len).collect();
        format!(
            "linear interpolation from {:?} to {sizes:?} by {}: only rows and columns that grow by whole steps are \
             supported; choose an output before this node with --output",
            x.dims, rule.coordinates
        )
    };
    let axis = |at: usize| {
        let (size, target) = (x.dims.get(at)?, targets.get(at)?);
        Stretch::new(u32::try_from(*size).ok()?, target.len, target.scale, rule.coordinates)
    };
    let same = x.dims.iter().zip(targets).take(2).all(|(size, target)| rule.keeps(*size, target));
    match (axis(2), axis(3)) {
        (Some(rows), Some(columns)) if same => stretch(build, x, &[rows, columns]),
        _ => Err(refusal()),
    }
}

/// Whether an operation interpolates linearly.
pub(super) fn is_linear(node: &NodeProto) -> bool {
    let mode = node.attribute.iter().find(|attribute| attribute.name == "mode");
    mode.is_some_and(|mode| matches!(mode.s.as_slice(), b"linear" | b"bilinear"))
}

/// Refuses an interpolation that does not bring a map to `plane` rows and columns by the rule it names.
pub(super) fn is_to(call: &Call, plane: [usize; 2]) -> Problem<()> {
    let x = call.tensor(0)?;
    x.planes()?;
    let (rule, targets) = (Rule::read(call)?, targets(call, &x.dims)?);
    let sizes: Vec<usize> = targets.iter().map(|target| target.len as usize).collect();
    let even = |(size, target): (&usize, &Target)| {
        let exact = target.len as f32 / *size as f32;
        rule.coordinates == "align_corners" || (target.scale - exact).abs() <= exact * 1e-6
    };
    let known = rule.coordinates != "tf_half_pixel_for_nn";
    match sizes[..2] == x.dims[..2] && sizes[2..] == plane && known && x.dims.iter().zip(&targets).all(even) {
        true => Ok(()),
        false => Err(format!("does not interpolate the map {:?} to the size {plane:?} of the input", x.dims)),
    }
}

/// Output length of an axis and by what the input length is multiplied.
struct Target {
    len: u32,
    scale: f32,
}

fn targets(call: &Call, dims: &[usize]) -> Problem<Vec<Target>> {
    let axes: Vec<usize> = match call.ints("axes") {
        Some(axes) => axes.iter().map(|given| axis(*given, dims.len())).collect::<Problem<_>>()?,
        None => (0..dims.len()).collect(),
    };
    let lens = axes.iter().map(|axis| dims[*axis]);
    let resized = match (scales(call)?, sizes(call)?) {
        (Some(_), Some(_)) => Err("both scales and sizes are given".into()),
        (Some(scales), _) if scales.len() == axes.len() => lens.zip(scales).map(Target::scaled).collect(),
        (None, Some(sizes)) if sizes.len() == axes.len() => lens.zip(sizes).map(Target::sized).collect(),
        (None, None) => Err("neither scales nor sizes are given".into()),
        _ => Err(format!("scales or sizes do not fit the {} axes", axes.len())),
    };
    let resized: Vec<Target> = resized?;
    let kept = |size: &usize| Target { len: *size as u32, scale: 1.0 };
    let mut targets: Vec<Target> = dims.iter().map(kept).collect();
    for (axis, target) in axes.iter().zip(resized) {
        targets[*axis] = target;
    }
    Ok(targets)
}

/// The factors, which older operator sets keep elsewhere; an empty list is none.
fn scales(call: &Call) -> Problem<Option<Vec<f32>>> {
    let index = match (call.proto.op_type.as_str(), call.opset) {
        ("Resize", 11..) => 2,
        ("Resize", _) | (_, 9..) => 1,
        _ => return Ok(call.floats("scales").map(<[f32]>::to_vec)),
    };
    Ok(call.optional_constant(index)?.map(|scales| scales.floats()).filter(|scales| !scales.is_empty()))
}

fn sizes(call: &Call) -> Problem<Option<Vec<i64>>> {
    if call.proto.op_type != "Resize" || call.opset < 11 {
        return Ok(None);
    }
    if call.text("keep_aspect_ratio_policy", "stretch")? != "stretch" {
        return Err("attribute keep_aspect_ratio_policy is not supported".into());
    }
    let sizes = call.optional_constant(3)?.map(|sizes| sizes.as_ints().map(<[i64]>::to_vec)).transpose()?;
    Ok(sizes.filter(|sizes| !sizes.is_empty()))
}

impl Target {
    fn scaled((size, scale): (usize, f32)) -> Problem<Self> {
        Ok(Self { len: output_len((size as f32 * scale).trunc())?, scale })
    }

    fn sized((size, len): (usize, i64)) -> Problem<Self> {
        let len = output_len(len as f32)?;
        Ok(Self { len, scale: len as f32 / size as f32 })
    }
}

fn output_len(len: f32) -> Problem<u32> {
    match (1.0..=MAX_AXIS).contains(&len) {
        true => Ok(len as u32),
        false => Err(format!("makes an axis of {len} elements")),
    }
}

/// Where an output position lies on the input axis, and which neighbour it takes.
struct Rule<'model> {
    coordinates: &'model str,
    rounding: &'model str,
}

impl<'model> Rule<'model> {
    fn read(call: &Call<'model>) -> Problem<Self> {
        if call.opset < 11 || call.proto.op_type == "Upsample" {
            return Ok(Self { coordinates: "asymmetric", rounding: "simple" });
        }
        if call.int("antialias", 0) != 0 {
            return Err("attribute antialias = 1 is not supported".into());
        }
        let coordinates = call.text("coordinate_transformation_mode", "half_pixel")?;
        if !COORDINATES.contains(&coordinates) {
            return Err(format!(
                "attribute coordinate_transformation_mode = {coordinates:?} is not supported"
            ));
        }
        Ok(Self { coordinates, rounding: call.text("nearest_mode", "round_prefer_floor")? })
    }

    /// Whether an axis stays as it is, by whatever interpolation.
    fn keeps(&self, size: usize, target: &Target) -> bool {
        size == target.len as usize && (target.scale == 1.0 || self.coordinates == "align_corners")
    }

    fn nearest(&self, size: usize, target: &Target) -> Problem<Axis> {
        let last = size.saturating_sub(1) as f32;
        let position =
            |i: u32| Ok(self.round(self.coordinate(i, size, target)?, target.scale)?.clamp(0.0, last) as u32);
        let sources: Vec<u32> = (0..target.len).map(position).collect::<Problem<_>>()?;
        find(&sources, size as u32).or_else(|| Axis::through(&sources)).ok_or_else(|| {
            format!("resizing {size} to {} by these rules is not a regular repetition", target.len)
        })
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
            "half_pixel_symmetric" => {
                let adjustment = len / (size * scale);
                size / 2.0 * (1.0 - adjustment) + (at + 0.5) / scale - 0.5
            }
            other => {
                return Err(format!("attribute coordinate_transformation_mode = {other:?} is not supported"));
            }
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
                assert!(axis.is_ok(), "{coordinates} {rounding} {size} {len}: {axis:?}");
            }
        }
    }

    #[test]
    fn edges_may_be_clamped() {
        let rule = Rule { coordinates: "asymmetric", rounding: "round_prefer_floor" };
        let axis = rule.nearest(3, &Target { len: 9, scale: 3.0 }).unwrap();
        assert_eq!(axis.sources(3).collect::<Vec<_>>(), [0, 0, 1, 1, 1, 2, 2, 2, 2].map(Some));
    }

    #[test]
    fn doubling_is_repetition() {
        let rule = Rule { coordinates: "asymmetric", rounding: "floor" };
        let axis = rule.nearest(2, &Target { len: 4, scale: 2.0 }).unwrap();
        assert_eq!(axis.sources(2).collect::<Vec<_>>(), [0, 0, 1, 1].map(Some));
        assert_eq!(axis.den, 2);
    }
}
