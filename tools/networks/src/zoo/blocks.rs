//! Residual blocks, with the names that published files and the block specs of the reference have for them.

use super::builder::{Builder, Filter, Layer};
use crate::activation::Activation;
use crate::graph::{GraphError, NodeId, Op};

/// Gain of convolutions whose result is added: a small one keeps many additions from growing out of all range before
/// training has given batch normalisation its statistics.
const BRANCH: f32 = 0.3;
/// Gain of the convolutions on skip connections.
const SKIP: f32 = 0.8;

/// Where a block stands, and its names.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Here.
    pub(super) name: String,
    /// In published files.
    pub(super) scope: String,
    /// In block specs of the reference.
    pub(super) reference: String,
}

impl Place {
    /// Block `block` (from 0) of stage `stage` (from 1).
    pub(super) fn new(stage: usize, block: usize) -> Self {
        Self {
            name: format!("stage{stage}.{block}"),
            scope: format!("backbone.layer{stage}.{block}"),
            reference: format!("layer{stage}_{block}"),
        }
    }

    fn layer(&self, role: &str, number: usize) -> Layer {
        Layer::numbered(format!("{}.{role}", self.name), &self.scope, number)
    }
}

/// Sizes of an inverted residual block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inverted {
    /// Factor on the channels inside.
    pub(super) expansion: u32,
    /// Channels of the result.
    pub(super) out: u32,
    pub(super) stride: u16,
    pub(super) dilation: u16,
}

impl Builder {
    /// Two 3x3 convolutions (He et al., arXiv 1512.03385).
    pub(super) fn basic_block(
        &mut self,
        place: &Place,
        x: NodeId,
        channels: u32,
        stride: u16,
    ) -> Result<NodeId, GraphError> {
        let first = self.conv_norm(&place.layer("conv1", 1), x, channels, Filter::new(3).stride(stride))?;
        let middle = self.block_relu(place, 1, first)?;
        let second =
            self.conv_norm(&place.layer("conv2", 2), middle, channels, Filter::new(3).gain(BRANCH))?;
        let sum = self.with_skip(place, x, second, stride)?;
        self.block_relu(place, 2, sum)
    }

    /// Convolutions of 1x1, 3x3 and 1x1, the first two with `width` channels, the last with four times as many. `middle`
    /// is the 3x3 one.
    pub(super) fn bottleneck(
        &mut self,
        place: &Place,
        x: NodeId,
        width: u32,
        middle: Filter,
    ) -> Result<NodeId, GraphError> {
        let narrow = self.conv_norm(&place.layer("reduce", 1), x, width, Filter::new(1))?;
        let narrow = self.block_relu(place, 1, narrow)?;
        let filtered = self.conv_norm(&place.layer("conv", 2), narrow, width, middle)?;
        let filtered = self.block_relu(place, 2, filtered)?;
        let wide =
            self.conv_norm(&place.layer("expand", 3), filtered, 4 * width, Filter::new(1).gain(BRANCH))?;
        let sum = self.with_skip(place, x, wide, middle.stride)?;
        self.block_relu(place, 3, sum)
    }

    fn block_relu(&mut self, place: &Place, number: usize, x: NodeId) -> Result<NodeId, GraphError> {
        let (name, reference) = (format!("{}.relu{number}", place.name), &place.reference);
        self.relu(&name, &format!("{reference}_{number}"), x)
    }

    /// `branch` plus `x`, which a 1x1 convolution brings to its shape where they differ.
    fn with_skip(
        &mut self,
        place: &Place,
        x: NodeId,
        branch: NodeId,
        stride: u16,
    ) -> Result<NodeId, GraphError> {
        let shape = self.shape(branch);
        let skip = if self.shape(x) == shape {
            x
        } else {
            let downsample = format!("{}.downsample", place.scope);
            let layer = Layer::sequence(format!("{}.project", place.name), &downsample, 0);
            self.conv_norm(&layer, x, shape.channels, Filter::new(1).stride(stride).gain(SKIP))?
        };
        self.graph.push(format!("{}.add", place.name), Op::Add, &[branch, skip])
    }

    /// A wider 1x1 convolution (none if the expansion is 1), a depthwise 3x3 and a narrow 1x1 without activation (Sandler
    /// et al., arXiv 1801.04381).
    pub(super) fn inverted_residual(
        &mut self,
        place: &Place,
        x: NodeId,
        block: Inverted,
    ) -> Result<NodeId, GraphError> {
        let wide = self.shape(x).channels * block.expansion;
        let depthwise = Filter::new(3).stride(block.stride).dilation(block.dilation).depthwise();
        let mut layers = vec![("expand", Filter::new(1)), ("depthwise", depthwise)];
        if block.expansion == 1 {
            layers.remove(0);
        }
        let scope = |number: usize| format!("{}.conv.{number}", place.scope);
        let mut top = x;
        for (number, (role, filter)) in layers.iter().enumerate() {
            let layer = Layer::module(format!("{}.{role}", place.name), &scope(number));
            top = self.conv_norm(&layer, top, wide, *filter)?;
            let reference = format!("{}_{number}", place.reference);
            top = self.activation(&format!("{}.relu", layer.name), &reference, relu6(), top)?;
        }
        let adds = block.stride == 1 && self.shape(x).channels == block.out;
        let filter = Filter::new(1).gain(if adds { BRANCH } else { 1.0 });
        let project = Layer::module(format!("{}.project", place.name), &scope(layers.len()));
        top = self.conv_norm(&project, top, block.out, filter)?;
        if adds { self.graph.push(format!("{}.add", place.name), Op::Add, &[top, x]) } else { Ok(top) }
    }
}

/// The activation of MobileNetV2.
pub(super) fn relu6() -> Op {
    Op::Activation(Activation::relu6().into())
}
