//! MobileNetV2 (Sandler et al., arXiv 1801.04381).

use super::blocks::{Inverted, Place, relu6};
use super::builder::{Builder, Filter, Layer};
use super::setting::Setting;
use crate::graph::{GraphError, NodeId};

/// Expansion, channels and blocks of the seven stages.
pub const STAGES: [(u32, u32, usize); 7] =
    [(1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)];
/// First stride and dilation of the stages.
const STEPS: [(u16, u16); 7] = [(1, 1), (2, 1), (2, 1), (2, 1), (1, 1), (2, 1), (1, 1)];
/// As [`STEPS`], with an eighth of the input's rows and columns at the end.
const STEPS_BY_8: [(u16, u16); 7] = [(1, 1), (2, 1), (2, 1), (1, 2), (1, 2), (1, 4), (1, 4)];

/// The classifier.
pub(super) fn classifier(setting: &Setting) -> Result<Builder, GraphError> {
    let mut builder = Builder::new("mobilenetv2", setting)?;
    let features = backbone(&mut builder, &STEPS)?;
    // A width below 1 leaves the last features as they are.
    let channels = if setting.width < 1.0 { 1280 } else { setting.channels(1280) };
    let layer = Layer::module("features", "backbone.conv2");
    let last = builder.conv_norm(&layer, features, channels, Filter::new(1))?;
    let last = builder.activation("features.relu", "conv2", relu6(), last)?;
    builder.classifier(last)?;
    Ok(builder)
}

/// The seven stages, with an eighth of the input's rows and columns at the end.
pub(super) fn dilated(builder: &mut Builder) -> Result<NodeId, GraphError> {
    backbone(builder, &STEPS_BY_8)
}

fn backbone(builder: &mut Builder, steps: &[(u16, u16); 7]) -> Result<NodeId, GraphError> {
    let setting = builder.setting;
    let stem = Layer::module("stem", "backbone.conv1");
    let stem = builder.conv_norm(&stem, NodeId(0), setting.channels(32), Filter::new(3).stride(2))?;
    let mut top = builder.activation("stem.relu", "conv1", relu6(), stem)?;
    for (stage, ((expansion, channels, blocks), (stride, dilation))) in (1..).zip(STAGES.iter().zip(steps)) {
        for block in 0..*blocks {
            let stride = if block == 0 { *stride } else { 1 };
            let out = setting.channels(*channels);
            let inverted = Inverted { expansion: *expansion, out, stride, dilation: *dilation };
            top = builder.inverted_residual(&Place::new(stage, block), top, inverted)?;
        }
    }
    Ok(top)
}
