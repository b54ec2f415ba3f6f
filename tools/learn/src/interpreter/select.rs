//! Views: which channel, row and column each element reads, zero where it reads outside.

use brelu_core::geometry::Shape;
use burn::tensor::{Device, Int, Tensor, TensorData};

use brelu_networks::graph::Axis;

/// What one axis selects.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    dimension: usize,
    indices: Tensor<1, Int>,
    /// 1 where something is read, 0 where zero is, in the shape of the axis; nothing if all is read.
    inside: Option<Tensor<4>>,
}

/// The selections of the axes that change something.
pub(super) fn selections(axes: [&Axis; 3], from: Shape, device: &Device) -> Vec<Selection> {
    let sizes = [from.channels, from.height, from.width];
    let changed =
        axes.into_iter().zip(sizes).enumerate().filter(|(_, (axis, size))| !axis.is_identity(*size));
    changed.map(|(at, (axis, size))| Selection::new(at + 1, axis, size, device)).collect()
}

impl Selection {
    fn new(dimension: usize, axis: &Axis, size: u32, device: &Device) -> Self {
        let sources: Vec<Option<u32>> = axis.sources(size).collect();
        let indices: Vec<i32> = sources.iter().map(|source| source.unwrap_or(0) as i32).collect();
        let inside = sources.iter().any(Option::is_none).then(|| {
            let mut shape = [1; 4];
            shape[dimension] = sources.len();
            let values: Vec<f32> =
                sources.iter().map(|source| f32::from(u8::from(source.is_some()))).collect();
            Tensor::from_data(TensorData::new(values, shape), device)
        });
        Self { dimension, indices: Tensor::from_ints(indices.as_slice(), device), inside }
    }

    pub(super) fn apply(&self, x: Tensor<4>) -> Tensor<4> {
        let selected = x.select(self.dimension, self.indices.clone());
        match &self.inside {
            Some(inside) => selected * inside.clone(),
            None => selected,
        }
    }
}
