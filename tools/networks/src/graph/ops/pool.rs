//! Pooling, plane by plane.

use super::super::{Window, shape::text};
use super::{Op, Operator, Tensor, widened};
use brelu_core::geometry::Shape;

/// [`Op::MaxPool`], or [`Op::AveragePool`] that counts its pads or not.
pub(crate) struct Pool<'a> {
    pub(crate) window: &'a Window,
    pub(crate) mean: Option<bool>,
}

impl Operator for Pool<'_> {
    fn description(&self) -> Option<String> {
        let (kind, [rows, columns]) = (self.mean.map_or("max", |_| "average"), self.window.kernel);
        Some(format!("{kind} pool {rows}x{columns}"))
    }

    fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, [rows, columns]) = (inputs[0], self.window.kernel);
        let misfit = || format!("the window {rows}x{columns} does not fit {}", text(x));
        let height = self.window.output(x.height, 0).ok_or_else(misfit)?;
        let width = self.window.output(x.width, 1).ok_or_else(misfit)?;
        Ok(Shape::new(x.channels, height, width))
    }

    fn run(&self, inputs: &[Tensor<'_>], to: Shape, _: &mut Vec<f32>, out: &mut [f32]) {
        let Some(with_pads) = self.mean else {
            return reduce(self.window, inputs[0], to, out, f32::NEG_INFINITY, f32::max);
        };
        reduce(self.window, inputs[0], to, out, 0.0, |sum, x| sum + x);
        let [rows, columns] = self.window.counts(inputs[0].shape, to, with_pads);
        for plane in out.chunks_exact_mut(to.plane()) {
            for (line, rows) in plane.chunks_exact_mut(to.width as usize).zip(&rows) {
                for (out, columns) in line.iter_mut().zip(&columns) {
                    *out /= (rows * columns) as f32;
                }
            }
        }
    }

    fn reads(&self) -> u64 {
        self.window.kernel.map(u64::from).iter().product()
    }

    fn after_padding(&self, _: Shape, extra: [u16; 4], non_negative: bool) -> Option<Op> {
        let window = Window { pads: widened(self.window.pads, extra)?, ..*self.window };
        let possible = match self.mean {
            // A zero never exceeds the largest of several values that are not negative.
            None => non_negative,
            Some(with_pads) => with_pads || self.window.pads == [0; 4],
        };
        let op = match self.mean {
            None => Op::MaxPool(window),
            Some(_) => Op::AveragePool { window, count_include_pad: true },
        };
        // With `ceil`, which window is the last depends on where the input ends.
        (possible && !window.ceil).then_some(op)
    }
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
