//! Files that are quantised between their operators (QuantizeLinear and DequantizeLinear around them): weights are what
//! their integers stand for, and activations are not rounded. What an activation is cut to at 0 is kept, as files leave out
//! the ReLU that does the same.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use super::build::{Builder, Tensor};
use super::call::Call;
use super::error::Problem;
use super::proto::{AttributeProto, GraphProto, NodeProto, data_type};
use crate::activation::{Activation, Functions};
use crate::graph::{Graph, NodeId, Op};

/// Numbers as integers: `x = scale * (q - zero)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Steps {
    scale: f32,
    zero: i64,
}

/// Smallest and largest integer of every constant whose type is of bytes.
#[derive(Default)]
pub(super) struct Ranges<'model>(HashMap<&'model str, RangeInclusive<i64>>);

impl<'model> Ranges<'model> {
    pub(super) fn of(graph: &'model GraphProto) -> Self {
        let made = |node: &'model NodeProto| {
            let value = node.attribute.iter().find(|attribute| attribute.name == "value")?;
            let kind = value.t.as_ref().filter(|_| node.op_type == "Constant")?.data_type;
            Some((node.output.first()?.as_str(), kind))
        };
        let given = graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor.data_type));
        let all = given.chain(graph.node.iter().filter_map(made));
        Self(all.filter_map(|(name, kind)| Some((name, range(kind)?))).collect())
    }

    /// The integers that a QuantizeLinear makes: of its zero point's type, else of the one it names, else `uint8`.
    pub(super) fn made_by(&self, node: &NodeProto) -> Problem<RangeInclusive<i64>> {
        let named = |attribute: &&AttributeProto| attribute.name == "output_dtype" && attribute.i != 0;
        let kind = node.attribute.iter().find(named).map_or(i64::from(data_type::UINT8), |kind| kind.i);
        let found = match node.input.get(2).filter(|name| !name.is_empty()) {
            Some(name) => self.0.get(name.as_str()).cloned(),
            None => i32::try_from(kind).ok().and_then(range),
        };
        found.ok_or_else(|| "quantises to other integers than uint8 and int8, which is not supported".into())
    }
}

fn range(kind: i32) -> Option<RangeInclusive<i64>> {
    match kind {
        data_type::UINT8 => Some(0..=255),
        data_type::INT8 => Some(-128..=127),
        _ => None,
    }
}

/// The steps of a tensor, the same for all of it.
fn steps(call: &Call) -> Problem<Steps> {
    let scale = call.constant(1)?;
    if scale.len() != 1 {
        return Err(format!(
            "its scale has the dimensions {:?}: a tensor has one scale, only constants have one for each channel",
            scale.dims
        ));
    }
    let scale = scale.scalar()?;
    if !(scale.is_finite() && scale > 0.0) {
        return Err(format!("its scale is {scale}"));
    }
    let zero = call.optional_constant(2)?.map_or(Ok(0.0), |zero| zero.scalar())?;
    Ok(Steps { scale, zero: zero as i64 })
}

/// The tensor as it is, or cut to 0 where that is an end of the integers.
pub(super) fn quantize(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (x, steps, range) = (call.tensor(0)?, steps(call)?, call.ranges.made_by(call.proto)?);
    let [least, most] = [range.start(), range.end()].map(|end| (end - steps.zero) as f32 * steps.scale);
    let keeps = (least < 0.0 && most > 0.0) || (least == 0.0 && is_non_negative(&build.graph, x.id));
    let value = match keeps {
        true => x.clone(),
        false => {
            let clip = Activation::clip(least, most).map_err(|error| error.to_string())?;
            build.push_as(Op::Activation(Functions::from(clip)), &[x], x.dims.clone())?
        }
    };
    let name = call.proto.output.first().ok_or("has no output")?;
    build.quantised.insert(name.clone(), steps);
    Ok(Tensor { bytes: true, ..value })
}

/// What integers stand for: those that a QuantizeLinear made, or the bytes of the input.
pub(super) fn dequantize(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (x, steps) = (call.tensor(0)?, steps(call)?);
    match call.proto.input.first().and_then(|name| build.quantised.get(name)) {
        Some(made) if *made == steps => Ok(Tensor { bytes: false, ..x.clone() }),
        Some(made) => Err(format!(
            "takes integers in steps of {} around {} for such of {} around {}",
            made.scale, made.zero, steps.scale, steps.zero
        )),
        None if x.bytes => {
            let channels = build.graph[x.id].shape.channels as usize;
            let shift = -(steps.zero as f32) * steps.scale;
            let op = Op::Affine { scale: vec![steps.scale; channels], shift: vec![shift; channels] };
            build.push_as(op, &[&Tensor { bytes: false, ..x.clone() }], x.dims.clone())
        }
        None => Err("its input is no integers".into()),
    }
}

/// Whether no element is less than 0, as far as the operations say.
fn is_non_negative(graph: &Graph, id: NodeId) -> bool {
    let mut known: Vec<bool> = Vec::with_capacity(id.0 + 1);
    for node in &graph.nodes[..=id.0] {
        known.push(match &node.op {
            Op::Activation(functions) => functions.is_non_negative(),
            Op::Add
            | Op::Concat
            | Op::MaxPool(_)
            | Op::AveragePool { .. }
            | Op::View { .. }
            | Op::Reshape(_) => node.inputs.iter().all(|input| known[input.0]),
            _ => false,
        });
    }
    known[id.0]
}
