use brelu_core::geometry::{Conv2d, Shape};
use thiserror::Error;

use super::fit::least_squares;
use super::images::{CLASSES, SIDE, picture};
use crate::Preprocess;
use brelu_networks::graph::{Graph, GraphError, NodeId, Op, RunError, Window, run};
use brelu_networks::numbers::Random;

/// Why the network could not be made.
#[derive(Debug, Error)]
pub enum DemoError {
    /// It is inconsistent.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// It cannot be computed.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Pictures the last layer is fitted to.
const EXAMPLES: usize = 40 * CLASSES.len();

/// Channels of the three stages; the second and third have half the rows and columns of the one before.
const CHANNELS: [u32; 3] = [16, 32, 64];

/// A residual network with random convolutions and a fitted last layer, for pictures as
/// [`picture`] makes them, normalised by `preprocess`.
///
/// # Errors
/// None, unless this code and the graph disagree.
pub fn network(seed: u64, preprocess: &Preprocess) -> Result<Graph, DemoError> {
    network_of(CHANNELS, seed, preprocess)
}

/// As [`network`], with another number of channels in its stages.
///
/// # Errors
/// As there.
pub fn network_of(channels: [u32; 3], seed: u64, preprocess: &Preprocess) -> Result<Graph, DemoError> {
    let mut builder =
        Builder { graph: Graph::new("demo", "input", Shape::new(3, SIDE, SIDE))?, random: Random::new(seed) };
    builder.body(channels)?;
    let mut graph = builder.graph;
    let features: Vec<Vec<f32>> = (0..EXAMPLES)
        .map(|index| run(&graph, &preprocess.normalise(&picture(seed, index).pixels)))
        .collect::<Result<_, _>>()?;
    let labels: Vec<usize> = (0..EXAMPLES).map(|index| index % CLASSES.len()).collect();
    let (weights, bias) = least_squares(&features, &labels, CLASSES.len());
    let geometry = Conv2d::dense(channels[2], CLASSES.len() as u32);
    let pool = graph.output;
    graph.push("fc", Op::Conv { geometry, weights, bias }, &[pool])?;
    Ok(graph)
}

struct Builder {
    graph: Graph,
    random: Random,
}

impl Builder {
    /// Everything up to the pooled features.
    fn body(&mut self, channels: [u32; 3]) -> Result<NodeId, DemoError> {
        let input = self.graph.input;
        let stem = self.conv("stem", input, channels[0], 3, 1)?;
        let mut x = self.graph.push("stem.relu", Op::relu(), &[stem])?;
        for (stage, channels) in channels.into_iter().enumerate() {
            x = self.block(&format!("stage{stage}"), x, channels)?;
        }
        let side = self.graph[x].shape.height as u16;
        let op = Op::AveragePool { window: Window::new([side, side]), count_include_pad: false };
        Ok(self.graph.push("pool", op, &[x])?)
    }

    fn block(&mut self, name: &str, x: NodeId, channels: u32) -> Result<NodeId, DemoError> {
        let grows = self.graph[x].shape.channels != channels;
        let stride = if grows { 2 } else { 1 };
        let first = self.conv(&format!("{name}.conv1"), x, channels, 3, stride)?;
        let middle = self.graph.push(format!("{name}.relu1"), Op::relu(), &[first])?;
        let second = self.conv(&format!("{name}.conv2"), middle, channels, 3, 1)?;
        let skip = if grows { self.conv(&format!("{name}.skip"), x, channels, 1, 2)? } else { x };
        let sum = self.graph.push(format!("{name}.add"), Op::Add, &[second, skip])?;
        Ok(self.graph.push(format!("{name}.relu2"), Op::relu(), &[sum])?)
    }

    fn conv(
        &mut self,
        name: &str,
        x: NodeId,
        out: u32,
        kernel: u16,
        stride: u16,
    ) -> Result<NodeId, DemoError> {
        let geometry = Conv2d::square(self.graph[x].shape, out, kernel, stride, kernel / 2);
        let deviation = (2.0 / geometry.fan_in() as f32).sqrt();
        let weights = (0..geometry.weight_len()).map(|_| deviation * self.random.normal()).collect();
        let bias = (0..out).map(|_| 0.1 * self.random.normal()).collect();
        Ok(self.graph.push(name, Op::Conv { geometry, weights, bias }, &[x])?)
    }
}
