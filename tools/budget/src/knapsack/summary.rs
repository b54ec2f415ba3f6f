//! Where a budget goes.

use brelu_core::geometry::Shape;

use super::{Problem, Solution};
use crate::distortion::LayerTable;
use brelu_networks::blocks::BlockSize;

/// What a solution does in one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerRow {
    /// Name of the activation.
    pub name: String,
    /// Channels, height and width.
    pub shape: Shape,
    /// Width of its comparison windows, if chosen.
    pub window: Option<u8>,
    /// In the unit of the costs.
    pub cost: f64,
    /// Sign decisions.
    pub drelus: u64,
    /// Channels that are passed on.
    pub identity: u32,
    /// Channels that are zero.
    pub zero: u32,
    /// Sum of distortions.
    pub distortion: f64,
}

impl Problem<'_> {
    /// The layers of a solution, in order.
    pub fn layer_rows(&self, solution: &Solution) -> Vec<LayerRow> {
        let layers = self.table.layers.iter().enumerate();
        layers.map(|(number, layer)| self.layer_row(solution, number, layer)).collect()
    }

    fn layer_row(&self, solution: &Solution, number: usize, layer: &LayerTable) -> LayerRow {
        let format = self.format(solution, number);
        let sizes = || solution.choices[number].iter().map(|at| layer.sizes[*at]);
        let count = |wanted| sizes().filter(|size| *size == wanted).count() as u32;
        let cost: u64 = sizes().map(|size| self.model.cost(layer, size, format)).sum();
        let channels = 0..layer.shape.channels as usize;
        LayerRow {
            name: layer.name.clone(),
            shape: layer.shape,
            window: solution.windows.as_ref().map(|windows| windows[number]),
            cost: cost as f64 / self.model.scale(),
            drelus: sizes().map(|size| size.decisions(layer.shape)).sum(),
            identity: count(BlockSize::IDENTITY),
            zero: count(BlockSize::ZERO),
            distortion: channels.map(|channel| self.distortion(solution, layer, number, channel)).sum(),
        }
    }
}
