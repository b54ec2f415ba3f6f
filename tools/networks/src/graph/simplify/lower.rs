use super::super::{Graph, Op};
use brelu_core::geometry::Conv2d;

/// Turns every affine map left into a depthwise convolution with a kernel of one element.
pub(super) fn affine_to_conv(graph: &mut Graph) {
    for node in &mut graph.nodes {
        let Op::Affine { scale, shift } = &mut node.op else { continue };
        let channels = node.shape.channels;
        let geometry = Conv2d {
            input: node.shape,
            out_channels: channels,
            groups: channels,
            kernel: [1, 1],
            stride: [1, 1],
            dilation: [1, 1],
            pads: [0; 4],
        };
        node.op = Op::Conv { geometry, weights: std::mem::take(scale), bias: std::mem::take(shift) };
    }
}
