//! Activations of one image, to show what blocks do to them.

use brelu_core::geometry::Shape;

use super::{Chosen, FigureError};
use brelu_budget::distortion::Table;
use brelu_networks::blocks::BlockSize;
use brelu_networks::graph::{Graph, Node, NodeId, run_observed};

/// Layers and channels of each that are shown.
const LAYERS: usize = 4;
const CHANNELS: usize = 2;

/// One channel of one activation layer for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Name of the activation node.
    pub layer: String,
    /// Which channel.
    pub channel: usize,
    /// How it decides.
    pub size: BlockSize,
    /// Of the layer.
    pub shape: Shape,
    /// The upper bound of a ReLU with one.
    pub clip: Option<f32>,
    /// The channel's map before the activation, row by row.
    pub before: Vec<f32>,
}

impl Example {
    /// Which pixels are in a block that passes: whose mean is positive.
    pub fn passes(&self) -> Vec<bool> {
        self.positive(0.0)
    }

    /// Whether the mean of `before - offset` over a pixel's block is positive.
    fn positive(&self, offset: f32) -> Vec<bool> {
        let (width, columns) = (self.shape.width as usize, usize::from(self.size.width).max(1));
        let across = width.div_ceil(columns);
        let block = |at: usize| {
            at / width.max(1) / usize::from(self.size.height).max(1) * across + at % width.max(1) / columns
        };
        let mut sums = vec![0.0; self.before.len()];
        self.before.iter().enumerate().for_each(|(at, value)| sums[block(at)] += f64::from(value - offset));
        (0..self.before.len()).map(|at| sums[block(at)] > 0.0).collect()
    }

    /// The map after the activation: every pixel times its block's decision, and with an upper bound minus the same of
    /// what is above it.
    pub fn after(&self) -> Vec<f32> {
        let mut after: Vec<f32> = self
            .before
            .iter()
            .zip(self.passes())
            .map(|(value, passes)| if passes { *value } else { 0.0 })
            .collect();
        if let Some(clip) = self.clip {
            for ((after, value), above) in after.iter_mut().zip(&self.before).zip(self.positive(clip)) {
                *after -= if above { value - clip } else { 0.0 };
            }
        }
        after
    }

    /// The map after one decision a pixel.
    pub fn relu(&self) -> Vec<f32> {
        self.before.iter().map(|value| value.max(0.0).min(self.clip.unwrap_or(f32::INFINITY))).collect()
    }
}

/// Runs `graph` on one image and keeps, of the layers with the largest maps, the channels that vary most and
/// whose blocks neither all pass nor all do not.
///
/// # Errors
/// If the network is not the one of the table, or cannot be computed.
pub fn examples(
    graph: &Graph,
    input: &[f32],
    table: &Table,
    spec: &Chosen,
) -> Result<Vec<Example>, FigureError> {
    check(graph, table)?;
    let has_blocks = |index: &usize| spec.sizes[*index].iter().any(shown);
    let mut layers: Vec<usize> = (0..table.layers.len()).filter(has_blocks).collect();
    layers.sort_by_key(|index| std::cmp::Reverse(table.layers[*index].shape.plane()));
    layers.truncate(LAYERS);
    layers.sort_unstable();
    let wanted: Vec<(NodeId, usize)> =
        layers.into_iter().filter_map(|index| Some((source(graph, table, index)?, index))).collect();
    let mut found = Vec::new();
    run_observed(graph, input, &mut |id: NodeId, node: &Node, values: &[f32]| {
        for (_, index) in wanted.iter().filter(|(source, _)| *source == id) {
            found.push((*index, liveliest(table, spec, *index, node.shape, values)));
        }
    })?;
    found.sort_by_key(|(index, _)| *index);
    Ok(found.into_iter().flat_map(|(_, examples)| examples).collect())
}

/// Whether blocks of this size can be seen.
fn shown(size: &BlockSize) -> bool {
    size.decides() && *size != BlockSize::RELU
}

fn activation<'a>(graph: &'a Graph, name: &str) -> Option<&'a Node> {
    graph.nodes.iter().find(|node| node.name == name && node.op.is_activation())
}

/// The tensor that a layer decides on.
fn source(graph: &Graph, table: &Table, index: usize) -> Option<NodeId> {
    activation(graph, &table.layers[index].name).and_then(|node| node.inputs.first().copied())
}

fn check(graph: &Graph, table: &Table) -> Result<(), FigureError> {
    for layer in &table.layers {
        match activation(graph, &layer.name) {
            Some(node) if node.shape == layer.shape => {}
            Some(_) => {
                return Err(FigureError::Network(format!("its layer {} has another shape", layer.name)));
            }
            None => return Err(FigureError::Network(format!("it has no activation layer {}", layer.name))),
        }
    }
    Ok(())
}

fn liveliest(table: &Table, spec: &Chosen, index: usize, shape: Shape, values: &[f32]) -> Vec<Example> {
    let layer = &table.layers[index];
    let maps = values.chunks(shape.plane().max(1)).zip(&spec.sizes[index]).enumerate();
    let examples = maps.filter(|(_, (_, size))| shown(size)).map(|(channel, (map, size))| Example {
        layer: layer.name.clone(),
        channel,
        size: *size,
        shape,
        clip: layer.clip,
        before: map.to_vec(),
    });
    let mut examples: Vec<(f64, Example)> = examples.map(|example| (liveliness(&example), example)).collect();
    examples.sort_by(|a, b| b.0.total_cmp(&a.0));
    examples.into_iter().take(CHANNELS).map(|(_, example)| example).collect()
}

fn liveliness(example: &Example) -> f64 {
    let passes = example.passes();
    let share = passes.iter().filter(|passes| **passes).count() as f64 / passes.len().max(1) as f64;
    variance(&example.before) * (share * (1.0 - share) + 1e-3)
}

fn variance(map: &[f32]) -> f64 {
    let len = map.len().max(1) as f64;
    let mean = map.iter().map(|value| f64::from(*value)).sum::<f64>() / len;
    map.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_pass_or_not_as_a_whole() {
        let before = vec![3.0, -1.0, 1.0, -2.0, 1.0, 9.0];
        let shape = Shape::new(1, 2, 3);
        let mut example = Example {
            layer: String::new(),
            channel: 0,
            size: BlockSize::new(2, 2),
            shape,
            clip: None,
            before,
        };
        assert_eq!(example.passes(), [true; 6]);
        assert_eq!(example.after(), example.before);
        example.size = BlockSize::new(1, 2);
        assert_eq!(example.after(), [3.0, -1.0, 1.0, 0.0, 0.0, 9.0]);
        example.clip = Some(2.0);
        assert_eq!(example.after(), [3.0, -1.0, 1.0, 0.0, 0.0, 2.0]);
        assert_eq!(example.relu(), [2.0, 0.0, 1.0, 0.0, 1.0, 2.0]);
    }
}
