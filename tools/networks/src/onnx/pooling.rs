//! MaxPool, AveragePool and their global forms.

use super::build::{Builder, Tensor};
use super::call::Call;
use super::error::Problem;
use super::space::{self, Space, kernel_shape};
use super::spatial::Spatial;
use crate::graph::{Op, Window};

/// The window, what of the input's dimensions it covers, and the input with rows and columns.
fn window(call: &Call, build: &mut Builder) -> Problem<(Window, Space, Tensor)> {
    let x = call.tensor(0)?;
    if !(3..=5).contains(&x.dims.len()) {
        x.planes()?;
    }
    let sizes = kernel_shape(call, x)?;
    let space = Space::of(x, &sizes)?;
    let map = space.map(x, build)?;
    let Spatial { kernel, stride, dilation, pads } =
        Spatial::read(call, &space, space::kernel(&space, &sizes)?, build.graph[map.id].shape)?;
    // The standard counts the gaps when it pads, runtimes do not.
    let gaps = dilation != [1; 2];
    let mode = call.text("auto_pad", "NOTSET")?;
    if gaps && mode.starts_with("SAME") {
        return Err(format!(
            "attribute auto_pad = {mode:?} with dilations {dilation:?}: runtimes pad differently, export the model with pads"
        ));
    }
    Ok((Window { kernel, stride, dilation, pads, ceil: call.int("ceil_mode", 0) != 0 }, space, map))
}

pub(super) fn max(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (window, space, map) = window(call, build)?;
    let result = build.push(Op::MaxPool(window), &[&map])?;
    space.restored(&result, build)
}

pub(super) fn average(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let (window, space, map) = window(call, build)?;
    let count_include_pad = call.int("count_include_pad", 0) != 0;
    let result = build.push(Op::AveragePool { window, count_include_pad }, &[&map])?;
    space.restored(&result, build)
}

fn whole_plane(x: &Tensor, build: &Builder) -> Problem<Window> {
    let shape = build.graph[x.id].shape;
    let size = |size: u32| {
        u16::try_from(size).map_err(|_| format!("a plane of {size} rows or columns is too large"))
    };
    Ok(Window::new([size(shape.height)?, size(shape.width)?]))
}

pub(super) fn global_max(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    global(call, build, Op::MaxPool)
}

pub(super) fn global_average(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    global(call, build, |window| Op::AveragePool { window, count_include_pad: false })
}

/// Over all dimensions of space, as many as there are.
fn global(call: &Call, build: &mut Builder, op: impl FnOnce(Window) -> Op) -> Problem<Tensor> {
    let x = call.tensor(0)?;
    let [batch, channels, rows @ .., columns] = &x.dims[..] else { return x.planes().map(|()| x.clone()) };
    let (rows, columns) = if rows.is_empty() { (*columns, 1) } else { (rows.iter().product(), *columns) };
    let map = build.reshape(x, vec![*batch, *channels, rows, columns])?;
    let window = whole_plane(&map, build)?;
    let result = build.push(op(window), &[&map])?;
    let dims = (0..x.dims.len()).map(|axis| if axis < 2 { x.dims[axis] } else { 1 }).collect();
    build.reshape(&result, dims)
}
