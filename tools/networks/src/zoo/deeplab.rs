//! DeepLabV3 (Chen et al., arXiv 1706.05587) as OpenMMLab has it: an eighth of the input's rows and columns, rates 1, 12,
//! 24 and 36.
//!
//! The result is the map of scores at that eighth. What published networks do after it, bilinear interpolation to the
//! input's size and the largest score of every pixel, is for the client to do in the clear.

use super::builder::{Builder, Filter, Layer};
use super::setting::Setting;
use super::{Stem, mobilenet, resnet};
use crate::graph::{Axis, GraphError, NodeId, Op};

/// Channels of the head.
const CHANNELS: u32 = 512;
/// Dilations of the branches; the first has a 1x1 kernel.
const DILATIONS: [u16; 4] = [1, 12, 24, 36];

/// On MobileNetV2.
pub(super) fn on_mobilenet(setting: &Setting) -> Result<Builder, GraphError> {
    let mut builder = Builder::new("deeplabv3-mobilenetv2", setting)?;
    let features = mobilenet::dilated(&mut builder)?;
    builder.head(features)
}

/// On ResNet-50.
pub(super) fn on_resnet50(setting: &Setting, stem: Stem) -> Result<Builder, GraphError> {
    let mut builder = Builder::new("deeplabv3-resnet50", setting)?;
    let features = resnet::dilated(&mut builder, stem)?;
    builder.head(features)
}

impl Builder {
    /// Branches of different reach side by side, joined by a 3x3 convolution and scored.
    fn head(mut self, x: NodeId) -> Result<Self, GraphError> {
        let channels = self.setting.channels(CHANNELS);
        let mut branches = vec![self.image_branch(x, channels)?];
        for (number, dilation) in DILATIONS.into_iter().enumerate() {
            let scope = format!("decode_head.aspp_modules.{number}");
            let layer = Layer::module(format!("aspp.{}", number + 1), &scope);
            let filter = Filter::new(if dilation == 1 { 1 } else { 3 }).dilation(dilation);
            branches.push(self.head_conv(&layer, number + 1, x, channels, filter)?);
        }
        let joined = self.graph.push("aspp.concat", Op::Concat, &branches)?;
        let layer = Layer::module("bottleneck", "decode_head.bottleneck");
        let features = self.head_conv(&layer, 5, joined, channels, Filter::new(3))?;
        self.scores("decode_head.conv_seg", features)?;
        Ok(self)
    }

    /// The features of the whole image, at every pixel. Interpolating a single pixel repeats it.
    fn image_branch(&mut self, x: NodeId, channels: u32) -> Result<NodeId, GraphError> {
        let size = self.shape(x);
        let pooled = self.global_pool("aspp.pool", x)?;
        let layer = Layer::module("aspp.image", "decode_head.image_pool.1");
        let features = self.head_conv(&layer, 0, pooled, channels, Filter::new(1))?;
        let [rows, columns] = [size.height, size.width].map(Axis::repeat);
        let repeated = Op::spatial_view(self.shape(features), rows, columns);
        self.graph.push("aspp.image.repeat", repeated, &[features])
    }

    fn head_conv(
        &mut self,
        layer: &Layer,
        number: usize,
        x: NodeId,
        channels: u32,
        filter: Filter,
    ) -> Result<NodeId, GraphError> {
        let features = self.conv_norm(layer, x, channels, filter)?;
        self.relu(&format!("{}.relu", layer.name), &format!("decode_{number}"), features)
    }
}
