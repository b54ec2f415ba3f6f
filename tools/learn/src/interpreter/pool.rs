//! Pooling with the windows of [`Op::MaxPool`](brelu_networks::graph::Op::MaxPool): pads and partial windows become explicit.

use brelu_core::geometry::Shape;
use burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};

use brelu_networks::graph::Window;

/// A pooling operation for maps of one shape.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    window: Window,
    /// Rows and columns around the map so that every window is whole: top, bottom, left, right.
    pads: [usize; 4],
    /// Windows' elements over the number that divides, 1 x 1 x height x width, unless that is 1 everywhere.
    correction: Option<Tensor<4>>,
}

impl Pool {
    pub(super) fn new(window: Window, from: Shape, to: Shape, counts_pads: bool, device: &Device) -> Self {
        let [rows, columns] =
            [(from.height, to.height, 0), (from.width, to.width, 1)].map(|(size, count, axis)| {
                let before = usize::from(window.pads[axis]);
                let steps = (count.saturating_sub(1) as usize) * usize::from(window.stride[axis]);
                [before, (steps + window.extent(axis) as usize).saturating_sub(before + size as usize)]
            });
        let correction = correction(&window, from, to, counts_pads);
        let shape = [1, 1, to.height as usize, to.width as usize];
        let correction = correction.map(|values| Tensor::from_data(TensorData::new(values, shape), device));
        Self { window, pads: [rows[0], rows[1], columns[0], columns[1]], correction }
    }

    fn padded(&self, x: Tensor<4>, value: f32) -> Tensor<4> {
        let [top, bottom, left, right] = self.pads;
        if self.pads == [0; 4] { x } else { x.pad((left, right, top, bottom), value) }
    }

    fn sizes(&self) -> [[usize; 2]; 3] {
        [self.window.kernel, self.window.stride, self.window.dilation].map(|pair| pair.map(usize::from))
    }

    pub(super) fn max(&self, x: Tensor<4>) -> Tensor<4> {
        let [kernel, stride, dilation] = self.sizes();
        let options = MaxPoolOptions::new(kernel).with_stride(stride).with_dilation(dilation);
        max_pool2d(self.padded(x, f32::MIN), options)
    }

    pub(super) fn average(&self, x: Tensor<4>) -> Tensor<4> {
        let [kernel, stride, dilation] = self.sizes();
        let x = self.padded(x, 0.0);
        let mean = if dilation == [1; 2] {
            avg_pool2d(x, AvgPoolOptions::new(kernel).with_stride(stride))
        } else {
            let channels = x.dims()[1];
            let share = 1.0 / (kernel[0] * kernel[1]) as f32;
            let weights = Tensor::full([channels, 1, kernel[0], kernel[1]], share, &x.device());
            conv2d(x, weights, None, ConvOptions::new(stride, [0; 2], dilation, channels))
        };
        match &self.correction {
            Some(factor) => mean * factor.clone(),
            None => mean,
        }
    }
}

fn correction(window: &Window, from: Shape, to: Shape, counts_pads: bool) -> Option<Vec<f32>> {
    let area = usize::from(window.kernel[0]) * usize::from(window.kernel[1]);
    let [rows, columns] = window.counts(from, to, counts_pads);
    let factor = |rows: usize, columns: usize| area as f32 / (rows * columns).max(1) as f32;
    let factors: Vec<f32> =
        rows.iter().flat_map(|rows| columns.iter().map(move |columns| factor(*rows, *columns))).collect();
    factors.iter().any(|factor| *factor != 1.0).then_some(factors)
}
