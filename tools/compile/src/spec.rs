//! Which channel of which activation layer decides on blocks of which size.

use std::collections::BTreeMap;

use brelu_core::geometry::Shape;
use brelu_core::plan::Channel;

use super::CompileError;
use brelu_networks::blocks::{BlockSize, Spec, SpecLayer};

/// Block sizes of activation layers, by the name of their node in the network. A layer that is not named keeps one
/// decision a pixel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockSpec {
    /// Height and width of the blocks of every channel; `[0, 1]` passes the channel on as it is, `[1, 0]` replaces it
    /// by zero. Blocks larger than the map cover all of it.
    pub layers: BTreeMap<String, Vec<[u16; 2]>>,
    /// Widths of the comparison windows of some layers, in bits. They say how the layers compare: the widest of them is as
    /// wide as the format's window, the others are that much narrower. Layers that are not named take the widest.
    pub windows: BTreeMap<String, u8>,
}

impl From<&Spec> for BlockSpec {
    fn from(spec: &Spec) -> Self {
        let sizes = |layer: &SpecLayer| layer.channels.iter().map(|choice| choice.block.into()).collect();
        Self {
            layers: spec.layers.iter().map(|layer| (layer.name.clone(), sizes(layer))).collect(),
            windows: spec
                .layers
                .iter()
                .filter_map(|layer| Some((layer.name.clone(), layer.window?)))
                .collect(),
        }
    }
}

impl BlockSpec {
    /// How many bits narrower than the widest window that of layer `name` is.
    pub(super) fn narrower(&self, name: &str) -> u8 {
        let widest = self.windows.values().max();
        self.windows.get(name).zip(widest).map_or(0, |(own, widest)| widest - own)
    }

    /// The choices for layer `name` of `shape`, with windows at position 0.
    pub(super) fn channels(&self, name: &str, shape: Shape) -> Result<Vec<Channel>, CompileError> {
        let Some(sizes) = self.layers.get(name) else {
            return Ok(vec![Channel::relu(0); shape.channels as usize]);
        };
        let problem = |problem| Err(CompileError::Spec { layer: name.into(), problem });
        if sizes.len() != shape.channels as usize {
            return problem(format!(
                "{} sizes for {} channels: give one a channel",
                sizes.len(),
                shape.channels
            ));
        }
        match sizes.iter().find(|size| **size == [0, 0]) {
            Some(_) => problem("0x0 is no block: use 0x1 for identity and 1x0 for zero".into()),
            None => Ok(sizes.iter().map(|size| choice(*size, shape)).collect()),
        }
    }

    /// The sizes of layer `name` of `shape`, none larger than the map.
    pub(super) fn sizes(&self, name: &str, shape: Shape) -> Result<Vec<BlockSize>, CompileError> {
        Ok(self.channels(name, shape)?.iter().map(size).collect())
    }
}

/// The size of a channel that does this.
fn size(channel: &Channel) -> BlockSize {
    match *channel {
        Channel::Identity => BlockSize::IDENTITY,
        Channel::Zero => BlockSize::ZERO,
        Channel::Blocks { height, width, .. } => [height, width].into(),
    }
}

fn choice([height, width]: [u16; 2], shape: Shape) -> Channel {
    let within = |size: u16, map: u32| u16::try_from(map).map_or(size, |map| size.min(map));
    match (height, width) {
        (0, _) => Channel::Identity,
        (_, 0) => Channel::Zero,
        _ => {
            Channel::Blocks { height: within(height, shape.height), width: within(width, shape.width), lo: 0 }
        }
    }
}

/// Whether a choice decides every pixel on its own, so that it commutes with max-pooling.
pub(super) fn is_pointwise(channel: &Channel) -> bool {
    !matches!(channel, Channel::Blocks { height, width, .. } if (*height, *width) != (1, 1))
}
