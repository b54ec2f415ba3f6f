use brelu_core::geometry::Shape;
use serde::{Deserialize, Serialize};

use super::walk::Sizes;
use super::{LayerTable, TableError, WINDOWS};
use brelu_networks::blocks::{BlockSize, Candidates, candidates};
use brelu_networks::graph::{Graph, Node, NodeId};

/// An activation layer and its candidates.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) id: NodeId,
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) bound: Option<f32>,
    pub(super) sizes: Vec<BlockSize>,
    pub(super) walk: Sizes,
    /// The candidates that are identity and zero.
    pub(super) special: [Option<usize>; 2],
}

/// The activation layers of a graph in order.
pub(super) fn layers(graph: &Graph, choice: &Candidates) -> Vec<Layer> {
    let of = |node: &Node| Some(candidates(choice, node.shape));
    with_sizes(graph, &of)
}

/// The layers of a table in its order.
pub(super) fn layers_of(graph: &Graph, tables: &[LayerTable]) -> Result<Vec<Layer>, TableError> {
    let table =
        |node: &Node| tables.iter().find(|table| table.name == node.name && table.shape == node.shape);
    let layers = with_sizes(graph, &|node| Some(table(node)?.sizes.clone()));
    match tables.iter().zip(&layers).find(|(table, layer)| table.name != layer.name) {
        None if layers.len() == tables.len() => Ok(layers),
        other => Err(TableError {
            layer: other.map_or_else(|| "names".into(), |(table, _)| table.name.clone()),
            problem: format!("{} has no such activation layers: the table is of another network", graph.name),
        }),
    }
}

/// The activation layers that have candidates.
fn with_sizes(graph: &Graph, sizes: &dyn Fn(&Node) -> Option<Vec<BlockSize>>) -> Vec<Layer> {
    let nodes = graph.iter().filter_map(|(id, node)| {
        let bound = node.op.relu_bound()?;
        Some((id, node, Some(bound).filter(|bound| bound.is_finite())))
    });
    nodes
        .filter_map(|(id, node, bound)| {
            let sizes = sizes(node)?;
            let find = |size| sizes.iter().position(|other| *other == size);
            Some(Layer {
                id,
                name: node.name.clone(),
                shape: node.shape,
                bound,
                walk: Sizes::new(&sizes),
                special: [find(BlockSize::IDENTITY), find(BlockSize::ZERO)],
                sizes,
            })
        })
        .collect()
}

/// Sums over images, laid out as [`LayerTable`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LayerSums {
    pub(super) distortion: Vec<f64>,
    pub(super) windows: Vec<[f64; WINDOWS.len()]>,
}

impl Layer {
    pub(super) fn values(&self) -> usize {
        self.shape.channels as usize * self.sizes.len()
    }

    pub(super) fn zeros(&self, windows: bool) -> LayerSums {
        let len = self.values();
        LayerSums {
            distortion: vec![0.0; len],
            windows: if windows { vec![[0.0; WINDOWS.len()]; len] } else { Vec::new() },
        }
    }

    /// The table of sums around a choice, each times `factor`; 1x1 changes the output there like any other size.
    pub(super) fn around(&self, sums: &LayerSums, factor: f64) -> LayerTable {
        let distortion = sums.distortion.iter().map(|value| value * factor).collect();
        LayerTable { distortion, ..self.table(sums, factor, false) }
    }

    /// The table of sums, each times `factor`. What windows add is at least nothing.
    pub(super) fn table(&self, sums: &LayerSums, factor: f64, exact: bool) -> LayerTable {
        let relu = |at: usize| self.sizes[at % self.sizes.len()] == BlockSize::RELU;
        let mean = |(at, value): (usize, &f64)| if relu(at) { 0.0 } else { value * factor };
        let distortion: Vec<f64> = sums.distortion.iter().enumerate().map(mean).collect();
        let window = |values: &[f64; WINDOWS.len()]| values.map(|value| (value * factor).max(0.0) as f32);
        LayerTable {
            name: self.name.clone(),
            shape: self.shape,
            clip: self.bound,
            sizes: self.sizes.clone(),
            exact: if exact { distortion.clone() } else { vec![f64::NAN; self.values()] },
            distortion,
            windows: sums.windows.iter().map(window).collect(),
        }
    }
}
