//! Residual networks (He et al., arXiv 1512.03385).

use brelu_core::geometry::Shape;

use super::Stem;
use super::builder::{Builder, Filter, Layer};
use crate::graph::{GraphError, NodeId, Op, Window};

/// Gain of convolutions whose result is added: a small one keeps many additions from growing out of all range before
/// training has given batch normalisation its statistics.
const BRANCH: f32 = 0.3;
/// Gain of the convolutions on skip connections.
const SKIP: f32 = 0.8;

/// ResNet-8 for small images: a 3x3 convolution and one block each of 16, 32 and 64 channels.
pub(super) fn resnet8(input: Shape, classes: u32, seed: u64) -> Result<Builder, GraphError> {
    let mut builder = Builder::new("resnet8", input, seed)?;
    let stem = Layer::numbered("stem", "backbone", 1);
    let stem = builder.conv_norm(&stem, NodeId(0), 16, Filter::new(3))?;
    let mut top = builder.relu("stem.relu", stem)?;
    for (stage, (channels, stride)) in (1..).zip([(16, 1), (32, 2), (64, 2)]) {
        top = builder.basic_block(stage, 0, top, channels, stride)?;
    }
    builder.classifier("head.fc", top, classes)?;
    Ok(builder)
}

/// Bottleneck width, blocks and first stride of the four stages of ResNet-50.
const STAGES: [(u32, usize, u16); 4] = [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)];

/// ResNet-50, with the stride in the 3x3 convolutions.
pub(super) fn resnet50(stem: Stem, input: Shape, classes: u32, seed: u64) -> Result<Builder, GraphError> {
    let mut builder = Builder::new("resnet50", input, seed)?;
    let conv = Layer::numbered("stem", "backbone", 1);
    let conv = builder.conv_norm(&conv, NodeId(0), 64, Filter::new(7).stride(2))?;
    let relu = builder.relu("stem.relu", conv)?;
    let mut top = builder.stem_pool(stem, relu)?;
    for (stage, (width, blocks, stride)) in (1..).zip(STAGES) {
        for block in 0..blocks {
            let stride = if block == 0 { stride } else { 1 };
            top = builder.bottleneck(stage, block, top, width, stride)?;
        }
    }
    builder.classifier("head.fc", top, classes)?;
    Ok(builder)
}

/// Names of a block, here and in published files.
fn names(stage: usize, block: usize) -> [String; 2] {
    [format!("stage{stage}.{block}"), format!("backbone.layer{stage}.{block}")]
}

impl Builder {
    /// Two 3x3 convolutions.
    fn basic_block(
        &mut self,
        stage: usize,
        block: usize,
        x: NodeId,
        channels: u32,
        stride: u16,
    ) -> Result<NodeId, GraphError> {
        let [name, scope] = &names(stage, block);
        let first = Layer::numbered(format!("{name}.conv1"), scope, 1);
        let first = self.conv_norm(&first, x, channels, Filter::new(3).stride(stride))?;
        let middle = self.relu(format!("{name}.relu1"), first)?;
        let second = Layer::numbered(format!("{name}.conv2"), scope, 2);
        let second = self.conv_norm(&second, middle, channels, Filter::new(3).gain(BRANCH))?;
        let sum = self.with_skip([name, scope], x, second, stride)?;
        self.relu(format!("{name}.relu2"), sum)
    }

    /// Convolutions of 1x1, 3x3 and 1x1, the first two of `width` channels, the last of four times as many.
    fn bottleneck(
        &mut self,
        stage: usize,
        block: usize,
        x: NodeId,
        width: u32,
        stride: u16,
    ) -> Result<NodeId, GraphError> {
        let [name, scope] = &names(stage, block);
        let layer = |role: &str, number| Layer::numbered(format!("{name}.{role}"), scope, number);
        let narrow = self.conv_norm(&layer("reduce", 1), x, width, Filter::new(1))?;
        let narrow = self.relu(format!("{name}.relu1"), narrow)?;
        let middle = self.conv_norm(&layer("conv", 2), narrow, width, Filter::new(3).stride(stride))?;
        let middle = self.relu(format!("{name}.relu2"), middle)?;
        let wide = self.conv_norm(&layer("expand", 3), middle, 4 * width, Filter::new(1).gain(BRANCH))?;
        let sum = self.with_skip([name, scope], x, wide, stride)?;
        self.relu(format!("{name}.relu3"), sum)
    }

    /// 3x3 pooling with a stride of 2.
    fn stem_pool(&mut self, stem: Stem, x: NodeId) -> Result<NodeId, GraphError> {
        let window = Window { stride: [2; 2], pads: [1; 4], ..Window::new([3; 2]) };
        let op = match stem {
            Stem::Average => Op::AveragePool { window, count_include_pad: true },
            Stem::Maximum => Op::MaxPool(window),
        };
        self.graph.push("stem.pool", op, &[x])
    }

    /// `branch` plus `x`, which a 1x1 convolution brings to its shape where they differ.
    fn with_skip(
        &mut self,
        [name, scope]: [&str; 2],
        x: NodeId,
        branch: NodeId,
        stride: u16,
    ) -> Result<NodeId, GraphError> {
        let shape = self.shape(branch);
        let skip = if self.shape(x) == shape {
            x
        } else {
            let layer = Layer::sequence(format!("{name}.project"), &format!("{scope}.downsample"), 0);
            self.conv_norm(&layer, x, shape.channels, Filter::new(1).stride(stride).gain(SKIP))?
        };
        self.graph.push(format!("{name}.add"), Op::Add, &[branch, skip])
    }
}
