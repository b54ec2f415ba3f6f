//! Residual networks (He et al., arXiv 1512.03385).

use super::Stem;
use super::blocks::Place;
use super::builder::{Builder, Filter, Layer};
use super::setting::Setting;
use crate::graph::{GraphError, NodeId, Op, Window};

/// Bottleneck width, blocks, first stride and dilation of a stage.
type Stage = (u32, usize, u16, u16);

/// The stages of ResNet-50, with the stride in the 3x3 convolutions.
const STAGES: [Stage; 4] = [(64, 3, 1, 1), (128, 4, 2, 1), (256, 6, 2, 1), (512, 3, 2, 1)];
/// As [`STAGES`], with an eighth of the input's rows and columns at the end.
const STAGES_BY_8: [Stage; 4] = [(64, 3, 1, 1), (128, 4, 2, 1), (256, 6, 1, 2), (512, 3, 1, 4)];

/// ResNet-8 for small images: a 3x3 convolution and one block each of 16, 32 and 64 channels.
pub(super) fn resnet8(setting: &Setting) -> Result<Builder, GraphError> {
    small("resnet8", setting, 16, &[(16, 1, 1), (32, 1, 2), (64, 1, 2)])
}

/// ResNet-18 for small images: a 3x3 convolution without pooling in the place of the 7x7 one.
pub(super) fn resnet18(setting: &Setting) -> Result<Builder, GraphError> {
    small("resnet18-cifar", setting, 64, &[(64, 2, 1), (128, 2, 2), (256, 2, 2), (512, 2, 2)])
}

/// Stages of basic blocks: channels, blocks and first stride.
fn small(
    name: &str,
    setting: &Setting,
    first: u32,
    stages: &[(u32, usize, u16)],
) -> Result<Builder, GraphError> {
    let mut builder = Builder::new(name, setting)?;
    let stem = Layer::numbered("stem", "backbone", 1);
    let stem = builder.conv_norm(&stem, NodeId(0), setting.channels(first), Filter::new(3))?;
    let mut top = builder.relu("stem.relu", "stem", stem)?;
    for (stage, (channels, blocks, stride)) in (1..).zip(stages) {
        for block in 0..*blocks {
            let stride = if block == 0 { *stride } else { 1 };
            top = builder.basic_block(&Place::new(stage, block), top, setting.channels(*channels), stride)?;
        }
    }
    builder.classifier(top)?;
    Ok(builder)
}

/// ResNet-50.
pub(super) fn resnet50(setting: &Setting, stem: Stem) -> Result<Builder, GraphError> {
    let mut builder = Builder::new("resnet50", setting)?;
    let conv = Layer::numbered("stem", "backbone", 1);
    let conv = builder.conv_norm(&conv, NodeId(0), setting.channels(64), Filter::new(7).stride(2))?;
    let relu = builder.relu("stem.relu", "stem", conv)?;
    let pooled = builder.stem_pool(stem, relu)?;
    let top = builder.stages(pooled, &STAGES)?;
    builder.classifier(top)?;
    Ok(builder)
}

/// ResNet-50 with three 3x3 convolutions in the place of the first one, and an eighth of the input's rows and columns at
/// the end (ResNetV1c of OpenMMLab, arXiv 1812.01187 and 1706.05587).
pub(super) fn dilated(builder: &mut Builder, stem: Stem) -> Result<NodeId, GraphError> {
    let mut top = NodeId(0);
    for (number, (channels, stride)) in [(32, 2), (32, 1), (64, 1)].into_iter().enumerate() {
        let layer = Layer::sequence(format!("stem{}", number + 1), "backbone.stem", 3 * number);
        let channels = builder.setting.channels(channels);
        top = builder.conv_norm(&layer, top, channels, Filter::new(3).stride(stride))?;
        top = builder.relu(&format!("{}.relu", layer.name), &format!("stem_{}", 3 * number + 2), top)?;
    }
    let pooled = builder.stem_pool(stem, top)?;
    builder.stages(pooled, &STAGES_BY_8)
}

impl Builder {
    /// 3x3 pooling with a stride of 2.
    fn stem_pool(&mut self, stem: Stem, x: NodeId) -> Result<NodeId, GraphError> {
        let window = Window { stride: [2; 2], pads: [1; 4], ..Window::new([3; 2]) };
        let op = match stem {
            Stem::Average => Op::AveragePool { window, count_include_pad: true },
            Stem::Maximum => Op::MaxPool(window),
        };
        self.graph.push("stem.pool", op, &[x])
    }

    /// Bottlenecks. The first of a dilated stage has half the dilation.
    fn stages(&mut self, x: NodeId, stages: &[Stage]) -> Result<NodeId, GraphError> {
        let mut top = x;
        for (stage, (width, blocks, stride, dilation)) in (1..).zip(stages) {
            for block in 0..*blocks {
                let middle = match block {
                    0 => Filter::new(3).stride(*stride).dilation(dilation.div_ceil(2)),
                    _ => Filter::new(3).dilation(*dilation),
                };
                let width = self.setting.channels(*width);
                top = self.bottleneck(&Place::new(stage, block), top, width, middle)?;
            }
        }
        Ok(top)
    }
}
