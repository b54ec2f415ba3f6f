//! Resize and Upsample by repetition, and by linear and cubic interpolation.
//!
//! Sizes are computed in `f32` as onnxruntime does: 3 elements times `5 / 3` are 5 there, and 4 in exact arithmetic.

use super::along::{Along, read};
use super::build::{Builder, Tensor};
use super::call::{Call, axis};
use super::coordinates::Rule;
use super::error::Problem;
use super::kernel::Kernel;
use super::proto::NodeProto;
use super::stretch::{Stretch, stretch};
use crate::graph::Axis;

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
    match mode {
        "nearest" => {
            let along = x.dims.iter().zip(&targets).map(|(size, target)| match size {
                1 => Ok(Along::Regular(Axis::repeat(target.len))),
                _ => rule.nearest(*size, target),
            });
            read(build, x, &along.collect::<Problem<Vec<_>>>()?)
        }
        "linear" | "bilinear" => interpolated(build, x, &targets, &rule, Kernel::Linear),
        "cubic" if call.int("exclude_outside", 0) != 0 => {
            Err("attribute exclude_outside = 1 is not supported: resize without it".into())
        }
        "cubic" => {
            let kernel = Kernel::Cubic(f64::from(call.float("cubic_coeff_a", -0.75)));
            interpolated(build, x, &targets, &rule, kernel)
        }
        _ => Err(format!("attribute mode = {mode:?} is not known")),
    }
}

/// Rows and columns between those of the tensor; a tensor of three dimensions has rows only.
fn interpolated(
    build: &mut Builder,
    x: &Tensor,
    targets: &[Target],
    rule: &Rule,
    kernel: Kernel,
) -> Problem<Tensor> {
    let sizes: Vec<usize> = targets.iter().map(|target| target.len as usize).collect();
    let refusal = |why: &str| {
        format!(
            "interpolation from {:?} to {sizes:?} by {}: {why}; choose an output before this node with --output",
            x.dims, rule.coordinates
        )
    };
    let axis = |at: usize| match (x.dims.get(at), targets.get(at)) {
        (Some(size), Some(target)) => rule.stretch(*size, target, kernel),
        _ => Ok(Some(Stretch::constant(1, 1))),
    };
    if !(3..=4).contains(&x.dims.len()) || x.dims[..2] != sizes[..2] {
        return Err(refusal("only rows and columns can be interpolated"));
    }
    match (axis(2)?, axis(3)?) {
        (Some(rows), Some(columns)) => {
            let mut map = x.dims.clone();
            map.resize(4, 1);
            let map = build.reshape(x, map)?;
            let stretched = stretch(build, &map, [rows, columns])?;
            build.reshape(&stretched, sizes)
        }
        _ => Err(refusal("its step is no fraction of small numbers")),
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
pub(super) struct Target {
    pub(super) len: u32,
    pub(super) scale: f32,
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
        (None, Some(sizes)) if sizes.len() == axes.len() => {
            let pairs: Vec<(usize, i64)> = lens.zip(sizes).collect();
            sized(&pairs, call.text("keep_aspect_ratio_policy", "stretch")?)
        }
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

/// Lengths before and after, or factors that all axes share.
fn sized(pairs: &[(usize, i64)], policy: &str) -> Problem<Vec<Target>> {
    let ratios = pairs.iter().map(|(size, len)| *len as f32 / *size as f32);
    let scale = match policy {
        "stretch" => return pairs.iter().copied().map(Target::sized).collect(),
        "not_larger" => ratios.fold(f32::INFINITY, f32::min),
        "not_smaller" => ratios.fold(0.0, f32::max),
        other => return Err(format!("attribute keep_aspect_ratio_policy = {other:?} is not known")),
    };
    let target =
        |(size, _): &(usize, i64)| Ok(Target { len: output_len((*size as f32 * scale).round())?, scale });
    pairs.iter().map(target).collect()
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
