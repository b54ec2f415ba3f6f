//! Conv, Gemm, MatMul.

use super::build::{Builder, Tensor};
use super::call::Call;
use super::constant::Constant;
use super::error::Problem;
use super::space::{self, Space};
use super::spatial::Spatial;
use super::transposition::inverse;
use crate::graph::Op;
use brelu_core::geometry::Conv2d;

pub(super) fn conv(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (x, weights) = (call.tensor(0)?, call.constant(1)?);
    let (space, kernel) = kernel(call, x, weights)?;
    let map = space.map(x, build)?;
    let input = build.graph[map.id].shape;
    let groups = groups(call, input.channels)?;
    let (outputs, group_inputs) = (weights.dims[0], weights.dims[1]);
    if !outputs.is_multiple_of(groups as usize) || outputs == 0 {
        return Err(format!("attribute group = {groups} does not divide the {outputs} output channels"));
    }
    if group_inputs as u64 != u64::from(input.channels / groups) {
        return Err(format!(
            "weights of dimensions {:?} do not fit {} input channels in {groups} groups",
            weights.dims, input.channels
        ));
    }
    let Spatial { stride, dilation, pads, .. } = Spatial::read(call, &space, kernel, input)?;
    let out_channels = u32::try_from(outputs).map_err(|_| "too many output channels")?;
    let geometry = Conv2d { input, out_channels, groups, kernel, stride, dilation, pads };
    let bias = match call.optional_constant(2)? {
        Some(bias) => bias.floats(),
        None => vec![0.0; outputs],
    };
    let result = build.push(Op::Conv { geometry, weights: weights.floats(), bias }, &[&map])?;
    space.restored(&result, build)
}

/// The groups, which divide the input channels.
pub(super) fn groups(call: &Call, channels: u32) -> Problem<u32> {
    let group = call.int("group", 1);
    let groups = u32::try_from(group).ok().filter(|groups| *groups > 0 && channels.is_multiple_of(*groups));
    groups.ok_or_else(|| format!("attribute group = {group} does not divide the {channels} input channels"))
}

/// Which dimensions of `x` the kernels of weights are rows and columns of, and these; attribute kernel_shape repeats them.
pub(super) fn kernel(call: &Call, x: &Tensor, weights: &Constant) -> Problem<(Space, [u16; 2])> {
    if !(3..=5).contains(&x.dims.len()) {
        x.planes()?;
    }
    if weights.dims.len() != x.dims.len() {
        return Err(match x.dims.len() {
            4 => format!(
                "weights of dimensions {:?}: only two-dimensional kernels are supported",
                weights.dims
            ),
            _ => format!("weights of dimensions {:?} do not fit an input {:?}", weights.dims, x.dims),
        });
    }
    let sizes = &weights.dims[2..];
    let space = Space::of(x, sizes)?;
    let kernel = space::kernel(&space, sizes)?;
    match call.ints("kernel_shape") {
        Some(given) if !given.iter().copied().eq(sizes.iter().map(|size| *size as i64)) => {
            Err(format!("attribute kernel_shape = {given:?} contradicts weights with kernels {sizes:?}"))
        }
        _ => Ok((space, kernel)),
    }
}

pub(super) fn gemm(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    if call.int("transA", 0) != 0 {
        return Err("attribute transA = 1 is not supported; export the layer with transA = 0".into());
    }
    let (alpha, beta) = (call.float("alpha", 1.0), call.float("beta", 1.0));
    let mut dense = Dense::read(call, call.int("transB", 0) != 0)?;
    dense.weights.iter_mut().for_each(|weight| *weight *= alpha);
    if let Some(bias) = call.optional_constant(2)? {
        let bias = bias.floats();
        let repeated = bias.len() == 1;
        if !repeated && bias.len() != dense.bias.len() {
            return Err(format!("{} bias values do not fit {} outputs", bias.len(), dense.bias.len()));
        }
        for (slot, value) in dense.bias.iter_mut().zip(bias.iter().cycle()) {
            *slot = beta * value;
        }
    }
    dense.push(call, build)
}

pub(super) fn mat_mul(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    match call.tensor(0)?.dims.len() {
        rank if rank > 2 => pointwise(call, build),
        _ => Dense::read(call, false)?.push(call, build),
    }
}

/// A product of a matrix and the last axis: a convolution of single elements, whose channels that axis is.
fn pointwise(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (x, matrix) = (call.tensor(0)?, call.constant(1)?);
    let (inputs, outputs) = sizes(matrix)?;
    let Some((channels, before)) = x.dims.split_last().filter(|(channels, _)| **channels == inputs) else {
        return Err(misfit(x, inputs));
    };
    let rows = if x.dims.len() > 4 { vec![1, before.iter().product(), *channels] } else { x.dims.clone() };
    let last = build.reshape(x, rows)?;
    let axes = last.dims.len();
    let order: Vec<usize> = [0, axes - 1].into_iter().chain(1..axes - 1).collect();
    let first = build.transpose(&last, &order)?;
    let size = |size: usize| u32::try_from(size).map_err(|_| "the matrix is too large");
    let geometry =
        Conv2d { input: build.graph[first.id].shape, ..Conv2d::dense(size(inputs)?, size(outputs)?) };
    let weights = matrix.transpose(&[1, 0])?.floats();
    let result = build.push(Op::Conv { geometry, weights, bias: vec![0.0; outputs] }, &[&first])?;
    let mut dims = first.dims.clone();
    dims[1] = outputs;
    let result = build.reshape(&result, dims)?;
    let last = build.transpose(&result, &inverse(&order))?;
    build.reshape(&last, before.iter().copied().chain([outputs]).collect())
}

/// Rows and columns of a matrix.
fn sizes(matrix: &Constant) -> Problem<(usize, usize)> {
    match matrix.dims[..] {
        [rows, columns] => Ok((rows, columns)),
        _ => Err(format!("weights of dimensions {:?} are not a matrix", matrix.dims)),
    }
}

fn misfit(x: &Tensor, inputs: usize) -> String {
    format!("an input of dimensions {:?} does not fit a matrix with {inputs} inputs", x.dims)
}

/// A fully connected layer on a vector.
struct Dense {
    inputs: usize,
    /// Output by output.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    fn read(call: &Call, transposed: bool) -> Problem<Self> {
        let x = call.tensor(0)?;
        let matrix = call.constant(1)?;
        let (rows, columns) = sizes(matrix)?;
        let inputs = if transposed { columns } else { rows };
        if x.dims != [1, inputs] {
            return Err(misfit(x, inputs));
        }
        let weights = if transposed { matrix.floats() } else { matrix.transpose(&[1, 0])?.floats() };
        Ok(Self { inputs, weights, bias: vec![0.0; if transposed { rows } else { columns }] })
    }

    fn push(self, call: &Call, build: &mut Builder) -> Problem<Tensor> {
        let size = |size: usize| u32::try_from(size).map_err(|_| "the matrix is too large");
        let geometry = Conv2d::dense(size(self.inputs)?, size(self.bias.len())?);
        let dims = vec![1, self.bias.len()];
        build.push_as(Op::Conv { geometry, weights: self.weights, bias: self.bias }, &[call.tensor(0)?], dims)
    }
}
