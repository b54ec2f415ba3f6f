//! MaxPool, AveragePool and their global forms.

use super::build::{Builder, Tensor};
use super::call::Call;
use super::error::Problem;
use super::spatial::{Spatial, kernel_shape};
use crate::graph::{Op, Window};

fn window(call: &Call, build: &Builder) -> Problem<Window> {
    let x = call.tensor(0)?;
    x.planes()?;
    let Spatial { kernel, stride, dilation, pads } =
        Spatial::read(call, kernel_shape(call)?, build.graph[x.id].shape)?;
    // The standard counts the gaps when it pads, runtimes do not.
    let gaps = dilation != [1; 2];
    let mode = call.text("auto_pad", "NOTSET")?;
    if gaps && mode.starts_with("SAME") {
        return Err(format!(
            "attribute auto_pad = {mode:?} with dilations {dilation:?}: runtimes pad differently, export the model with pads"
        ));
    }
    Ok(Window { kernel, stride, dilation, pads, ceil: call.int("ceil_mode", 0) != 0 })
}

pub(super) fn max(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let window = window(call, build)?;
    build.push(Op::MaxPool(window), &[call.tensor(0)?])
}

pub(super) fn average(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let window = window(call, build)?;
    let count_include_pad = call.int("count_include_pad", 0) != 0;
    build.push(Op::AveragePool { window, count_include_pad }, &[call.tensor(0)?])
}

fn whole_plane(x: &Tensor, build: &Builder) -> Problem<Window> {
    let shape = build.graph[x.id].shape;
    let size = |size: u32| {
        u16::try_from(size).map_err(|_| format!("a plane of {size} rows or columns is too large"))
    };
    Ok(Window::new([size(shape.height)?, size(shape.width)?]))
}

pub(super) fn global_max(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    x.planes()?;
    let window = whole_plane(x, build)?;
    build.push(Op::MaxPool(window), &[x])
}

pub(super) fn global_average(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    x.planes()?;
    let window = whole_plane(x, build)?;
    build.push(Op::AveragePool { window, count_include_pad: false }, &[x])
}
