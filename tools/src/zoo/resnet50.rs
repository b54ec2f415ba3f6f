//! ResNet-50 for 224x224 images (He et al., arXiv 1512.03385), with the stride in the 3x3 convolutions.

use brelu_core::geometry::{Conv2d, Shape};

use super::Stem;
use super::weights::Weights;
use crate::graph::{Graph, GraphError, NodeId, Op, Window};

/// Bottleneck width, blocks and first stride of the four stages.
const STAGES: [(u32, usize, u16); 4] = [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)];

struct Network {
    graph: Graph,
    weights: Weights,
}

pub(super) fn build(stem: Stem, seed: u64) -> Result<Graph, GraphError> {
    let graph = Graph::new("resnet50", "input", Shape::new(3, 224, 224))?;
    let mut network = Network { graph, weights: Weights::new(seed) };
    let mut top = network.conv("stem", NodeId(0), 64, [7, 2, 3], 1.0)?;
    top = network.graph.push("stem.relu", Op::Relu, &[top])?;
    top = network.pool(stem, top)?;
    for (stage, (width, blocks, stride)) in (1..).zip(STAGES) {
        for block in 0..blocks {
            let stride = if block == 0 { stride } else { 1 };
            top = network.bottleneck(&format!("stage{stage}.{block}"), top, width, stride)?;
        }
    }
    let size = network.graph[top].shape;
    let window = Window::new([size.height as u16, size.width as u16]);
    top = network.graph.push("pool", Op::AveragePool { window, count_include_pad: true }, &[top])?;
    top = network.graph.push("flatten", Op::Reshape(network.graph[top].shape.flat()), &[top])?;
    let geometry = Conv2d::dense(2048, 1000);
    let weights = network.weights.many(geometry.weight_len(), 2048, 1.0);
    network.graph.push("classes", Op::Conv { geometry, weights, bias: vec![0.0; 1000] }, &[top])?;
    Ok(network.graph)
}

impl Network {
    /// A convolution with a square `[kernel, stride, pad]`.
    fn conv(
        &mut self,
        name: &str,
        input: NodeId,
        out: u32,
        window: [u16; 3],
        gain: f32,
    ) -> Result<NodeId, GraphError> {
        let [kernel, stride, pad] = window;
        let geometry = Conv2d::square(self.graph[input].shape, out, kernel, stride, pad);
        let weights = self.weights.many(geometry.weight_len(), geometry.fan_in(), gain);
        self.graph.push(name, Op::Conv { geometry, weights, bias: vec![0.0; out as usize] }, &[input])
    }

    fn pool(&mut self, stem: Stem, input: NodeId) -> Result<NodeId, GraphError> {
        let window = Window { stride: [2; 2], pads: [1; 4], ..Window::new([3; 2]) };
        let op = match stem {
            Stem::Average => Op::AveragePool { window, count_include_pad: true },
            Stem::Maximum => Op::MaxPool(window),
        };
        self.graph.push("stem.pool", op, &[input])
    }

    fn bottleneck(
        &mut self,
        name: &str,
        input: NodeId,
        width: u32,
        stride: u16,
    ) -> Result<NodeId, GraphError> {
        let narrow = self.conv(&format!("{name}.reduce"), input, width, [1, 1, 0], 1.0)?;
        let narrow = self.graph.push(format!("{name}.relu1"), Op::Relu, &[narrow])?;
        let middle = self.conv(&format!("{name}.conv"), narrow, width, [3, stride, 1], 1.0)?;
        let middle = self.graph.push(format!("{name}.relu2"), Op::Relu, &[middle])?;
        // A small gain on the branch that is added keeps sixteen additions from growing out of all range.
        let wide = self.conv(&format!("{name}.expand"), middle, width * 4, [1, 1, 0], 0.3)?;
        let skip = if self.graph[input].shape == self.graph[wide].shape {
            input
        } else {
            self.conv(&format!("{name}.project"), input, width * 4, [1, stride, 0], 0.8)?
        };
        let sum = self.graph.push(format!("{name}.add"), Op::Add, &[wide, skip])?;
        self.graph.push(format!("{name}.relu3"), Op::Relu, &[sum])
    }
}
