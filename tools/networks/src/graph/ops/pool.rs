//! Pooling, plane by plane.

use super::super::{Window, shape::text};
use super::{Op, Operator, Tensor, widened};
use brelu_core::geometry::Shape;

/// [`Op::MaxPool`].
pub(crate) struct MaxPool<'a>(pub(crate) &'a Window);

impl Operator for MaxPool<'_> {
    fn name(&self) -> &'static str {
        "MaxPool"
    }

    fn description(&self) -> String {
        format!("max pool {}x{}", self.0.kernel[0], self.0.kernel[1])
    }

    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        output(self.0, inputs[0])
    }

    fn run(&self, inputs: &[Tensor<'_>], to: Shape, _: &mut Vec<f32>, out: &mut [f32]) {
        reduce(self.0, inputs[0], to, out, f32::NEG_INFINITY, f32::max);
    }

    fn reads(&self) -> u64 {
        area(self.0)
    }

    /// A zero never exceeds the largest of several values that are not negative.
    fn after_padding(&self, _: Shape, extra: [u16; 4], non_negative: bool) -> Option<Op> {
        let window = widen(self.0, extra)?;
        non_negative.then_some(Op::MaxPool(window))
    }
}

/// [`Op::AveragePool`].
pub(crate) struct AveragePool<'a> {
    pub(crate) window: &'a Window,
    pub(crate) count_include_pad: bool,
}

impl Operator for AveragePool<'_> {
    fn name(&self) -> &'static str {
        "AveragePool"
    }

    fn description(&self) -> String {
        format!("average pool {}x{}", self.window.kernel[0], self.window.kernel[1])
    }

    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        output(self.window, inputs[0])
    }

    fn run(&self, inputs: &[Tensor<'_>], to: Shape, _: &mut Vec<f32>, out: &mut [f32]) {
        reduce(self.window, inputs[0], to, out, 0.0, |sum, x| sum + x);
        let [rows, columns] = self.window.counts(inputs[0].shape, to, self.count_include_pad);
        for plane in out.chunks_exact_mut(to.plane()) {
            for (line, rows) in plane.chunks_exact_mut(to.width as usize).zip(&rows) {
                for (out, columns) in line.iter_mut().zip(&columns) {
                    *out /= (rows * columns) as f32;
                }
            }
        }
    }

    fn reads(&self) -> u64 {
        area(self.window)
    }

    fn after_padding(&self, _: Shape, extra: [u16; 4], _: bool) -> Option<Op> {
        let zeros_count = self.count_include_pad || self.window.pads == [0; 4];
        let window = widen(self.window, extra)?;
        zeros_count.then_some(Op::AveragePool { window, count_include_pad: true })
    }
}

fn output(window: &Window, x: Shape) -> Result<Shape, String> {
    let misfit = || format!("the window {}x{} does not fit {}", window.kernel[0], window.kernel[1], text(x));
    let height = window.output(x.height, 0).ok_or_else(misfit)?;
    let width = window.output(x.width, 1).ok_or_else(misfit)?;
    Ok(Shape::new(x.channels, height, width))
}

fn area(window: &Window) -> u64 {
    window.kernel.map(u64::from).iter().product()
}

/// With `ceil`, which window is the last depends on where the input ends.
fn widen(window: &Window, extra: [u16; 4]) -> Option<Window> {
    (!window.ceil).then_some(Window { pads: widened(window.pads, extra)?, ..*window })
}

fn reduce(
    window: &Window,
    Tensor { shape: from, values: x }: Tensor<'_>,
    to: Shape,
    out: &mut [f32],
    start: f32,
    combine: impl Fn(f32, f32) -> f32,
) {
    let rows: Vec<Vec<usize>> = (0..to.height).map(|i| window.taps(i, from.height, 0).collect()).collect();
    let columns: Vec<Vec<usize>> = (0..to.width).map(|j| window.taps(j, from.width, 1).collect()).collect();
    for (out, x) in out.chunks_exact_mut(to.plane()).zip(x.chunks_exact(from.plane())) {
        for (line, rows) in out.chunks_exact_mut(to.width as usize).zip(&rows) {
            line.fill(start);
            for row in rows {
                let x = &x[row * from.width as usize..][..from.width as usize];
                for (out, columns) in line.iter_mut().zip(&columns) {
                    *out = columns.iter().fold(*out, |sum, column| combine(sum, x[*column]));
                }
            }
        }
    }
}
