//! Which shape an operation computes, and whether it fits its inputs at all.

use super::{Axis, MAX_TENSOR_LEN, Op, Window, norm};
use brelu_core::geometry::{Conv2d, Shape};

/// Refuses empty and absurdly large shapes.
pub(crate) fn check(shape: Shape) -> Result<(), String> {
    let plane = u64::from(shape.height) * u64::from(shape.width);
    match plane.checked_mul(u64::from(shape.channels)) {
        Some(1..=MAX_TENSOR_LEN) => Ok(()),
        _ => Err(format!("a tensor of {} is empty or too large", text(shape))),
    }
}

/// `channels x height x width` for messages.
pub(crate) fn text(shape: Shape) -> String {
    format!("{}x{}x{}", shape.channels, shape.height, shape.width)
}

impl Op {
    /// The shape this computes from inputs of these shapes.
    ///
    /// # Errors
    /// A sentence if the number of inputs, a shape or a parameter does not fit.
    pub fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = match (self, inputs) {
            (Self::Conv { geometry, weights, bias }, [x]) => conv(geometry, weights, bias, *x)?,
            (Self::BatchNorm { .. }, [x]) => norm::output(self, *x)?,
            (Self::Affine { scale, shift }, [x]) => affine(scale, shift, *x)?,
            (Self::Activation(functions), [x]) if functions.fit(x.channels as usize) => *x,
            (Self::Activation(_), [x]) => {
                return Err(format!("it has not one function for each of {} channels", x.channels));
            }
            (Self::Add, [x, y]) if x == y => *x,
            (Self::Add, [x, y]) => return Err(format!("adds {} and {}", text(*x), text(*y))),
            (Self::Concat, [first, rest @ ..]) => concat(*first, rest)?,
            (Self::MaxPool(window) | Self::AveragePool { window, .. }, [x]) => pool(window, *x)?,
            (Self::View { channels, rows, columns }, [_]) => view([channels, rows, columns])?,
            (Self::Reshape(shape), [x]) => reshape(*shape, *x)?,
            _ => return Err(format!("{} inputs do not fit {}", inputs.len(), self.name())),
        };
        check(shape)?;
        Ok(shape)
    }
}

fn conv(geometry: &Conv2d, weights: &[f32], bias: &[f32], x: Shape) -> Result<Shape, String> {
    if geometry.input != x {
        return Err(format!("reads {} but is given {}", text(geometry.input), text(x)));
    }
    let padded = |size: u32, axis: usize| {
        u64::from(size) + u64::from(geometry.pads[axis]) + u64::from(geometry.pads[axis + 2])
    };
    let channels = u64::from(geometry.out_channels);
    if padded(x.height, 0) * padded(x.width, 1) > MAX_TENSOR_LEN || channels > MAX_TENSOR_LEN {
        return Err(format!("an input of {} with pads {:?} is too large", text(x), geometry.pads));
    }
    let out = geometry.output().ok_or_else(|| format!("the kernel does not fit an input of {}", text(x)))?;
    let fan_in = geometry.fan_in() as u64;
    if u64::from(geometry.out_channels).checked_mul(fan_in) != Some(weights.len() as u64) {
        return Err(format!("has {} weights, not {} x {fan_in}", weights.len(), geometry.out_channels));
    }
    if bias.len() != geometry.out_channels as usize {
        return Err(format!("has {} bias values, not {}", bias.len(), geometry.out_channels));
    }
    Ok(out)
}

fn affine(scale: &[f32], shift: &[f32], x: Shape) -> Result<Shape, String> {
    let channels = x.channels as usize;
    match scale.len() == channels && shift.len() == channels {
        true => Ok(x),
        false => {
            Err(format!("has {} factors and {} summands for {channels} channels", scale.len(), shift.len()))
        }
    }
}

fn concat(first: Shape, rest: &[Shape]) -> Result<Shape, String> {
    let mut channels = first.channels;
    for shape in rest {
        if (shape.height, shape.width) != (first.height, first.width) {
            return Err(format!("joins {} and {}", text(first), text(*shape)));
        }
        channels = channels.checked_add(shape.channels).ok_or("joins too many channels")?;
    }
    Ok(Shape::new(channels, first.height, first.width))
}

fn pool(window: &Window, x: Shape) -> Result<Shape, String> {
    let misfit = || format!("the window {}x{} does not fit {}", window.kernel[0], window.kernel[1], text(x));
    let height = window.output(x.height, 0).ok_or_else(misfit)?;
    let width = window.output(x.width, 1).ok_or_else(misfit)?;
    Ok(Shape::new(x.channels, height, width))
}

fn view(axes: [&Axis; 3]) -> Result<Shape, String> {
    if axes.iter().any(|axis| axis.den <= 0) {
        return Err("a view divides by less than one".into());
    }
    let [channels, height, width] = axes.map(|axis| axis.len);
    Ok(Shape::new(channels, height, width))
}

fn reshape(shape: Shape, x: Shape) -> Result<Shape, String> {
    check(shape)?;
    match shape.len() == x.len() {
        true => Ok(shape),
        false => Err(format!("cannot give {} elements the shape {}", x.len(), text(shape))),
    }
}
