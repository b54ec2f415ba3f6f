//! ConvTranspose as a convolution without zeros between elements: outputs are taken in cells of `stride x stride`, one for
//! every element of the input, and each place in a cell is a channel of its own, which those taps make that reach it. Then
//! the channels go to their places, and what pads take away is cut off (arXiv 1609.07009).

mod along;

use super::build::{Builder, Tensor};
use super::call::Call;
use super::constant::MAX_MADE;
use super::error::Problem;
use super::linear::{groups, kernel};
use crate::graph::{Axis, Op};
use along::{Along, axes};
use brelu_core::geometry::Conv2d;

pub(super) fn conv_transpose(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (x, weights) = (call.tensor(0)?, call.constant(1)?);
    let (space, kernel) = kernel(call, x, weights)?;
    let map = space.map(x, build)?;
    let input = build.graph[map.id].shape;
    let groups = groups(call, input.channels)?;
    if weights.dims[0] as u64 != u64::from(input.channels) {
        return Err(format!(
            "weights of dimensions {:?} do not fit {} input channels",
            weights.dims, input.channels
        ));
    }
    let axes = axes(call, &space, kernel, [input.height, input.width])?;
    let outputs = weights.dims[1] * groups as usize;
    let bias = match call.optional_constant(2)? {
        Some(bias) if bias.len() != outputs => {
            return Err(format!("{} bias values do not fit {outputs} outputs", bias.len()));
        }
        Some(bias) => bias.floats(),
        None => vec![0.0; outputs],
    };
    let [rows, columns] = &axes;
    let cell = rows.stride() * columns.stride();
    let [top, left, bottom, right] = [rows.pad()?[0], columns.pad()?[0], rows.pad()?[1], columns.pad()?[1]];
    let geometry = Conv2d {
        input,
        out_channels: u32::try_from(outputs * cell).map_err(|_| "too many output channels")?,
        groups,
        kernel: [rows.taps()?, columns.taps()?],
        stride: [1; 2],
        dilation: [rows.step(), columns.step()],
        pads: [top, left, bottom, right],
    };
    let weights = moved(&geometry, &axes, weights.floats())?;
    let bias = bias.iter().flat_map(|bias| std::iter::repeat_n(*bias, cell)).collect();
    let cells = build.push(Op::Conv { geometry, weights, bias }, &[&map])?;
    let result = placed(build, &cells, outputs, &axes)?;
    space.restored(&result, build)
}

/// The weights by output channel, place in the cell, input channel and tap.
fn moved(geometry: &Conv2d, axes: &[Along; 2], weights: Vec<f32>) -> Problem<Vec<f32>> {
    let [rows, columns] = axes;
    let [height, width] = geometry.kernel.map(usize::from);
    let len = u64::from(geometry.out_channels).saturating_mul(geometry.fan_in() as u64);
    if len > MAX_MADE.max(16 * weights.len()) as u64 {
        return Err(format!(
            "its strides {:?} and dilations make {len} weights of {}, which is not supported",
            axes.each_ref().map(Along::stride),
            weights.len()
        ));
    }
    let taps = rows.kernel() * columns.kernel();
    let cell = rows.stride() * columns.stride();
    let group_outputs = geometry.out_channels as usize / cell / geometry.groups as usize;
    let group_inputs = geometry.group_inputs() as usize;
    let mut moved = vec![0.0; len as usize];
    for (pair, taps) in weights.chunks_exact(taps).enumerate() {
        let (from, to) = (pair / group_outputs, pair % group_outputs);
        let output = from / group_inputs * group_outputs + to;
        for (tap, weight) in taps.iter().enumerate() {
            let [(row, k), (column, l)] =
                [rows.place(tap / columns.kernel()), columns.place(tap % columns.kernel())];
            let channel = (output * rows.stride() + row) * columns.stride() + column;
            moved[((channel * group_inputs + from % group_inputs) * height + k) * width + l] = *weight;
        }
    }
    Ok(moved)
}

/// The channels of a cell at their places, without what lies outside of the output.
fn placed(build: &mut Builder, cells: &Tensor, outputs: usize, axes: &[Along; 2]) -> Problem<Tensor> {
    let [height, width] = [cells.dims[2], cells.dims[3]];
    let [rows, columns] = axes.each_ref().map(Along::stride);
    let parts = build.reshape(cells, vec![1, outputs, rows, columns, height, width])?;
    let parts = build.transpose(&parts, &[0, 1, 4, 2, 5, 3])?;
    let whole = build.reshape(&parts, vec![1, outputs, height * rows, width * columns])?;
    let [rows, columns] = axes.each_ref().map(Along::kept);
    build.view(&whole, &[Axis::identity(1), Axis::identity(outputs as u32), rows, columns])
}
