//! Splits the channels of an activation layer into pieces of similar size that are worked on in parallel.

use std::ops::Range;

use brelu_core::cost::{ChannelLayout, channel_layouts};
use brelu_core::plan::{NodeId, Op, Plan};

/// Pixels of one piece: enough that its overhead does not show, few enough that sending starts early.
const PIXELS: usize = 1 << 15;

/// Channels of an activation layer with their places in its messages.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) input: NodeId,
    pub(crate) channels: Vec<ChannelLayout>,
    pub(crate) groups: Vec<Range<usize>>,
}

impl Layer {
    /// The layer of node `id`, or `None` if that is no activation.
    pub(crate) fn new(plan: &Plan<'_>, id: NodeId) -> Option<Self> {
        let node = plan.node(id);
        let Op::Activation { input, window, channels } = node.op else { return None };
        let n = plan.node(input).bits;
        let channels: Vec<_> = channel_layouts(&node, n, window, channels).collect();
        let step = (PIXELS / node.shape.plane()).max(1);
        let groups = (0..channels.len()).step_by(step).map(|first| first..(first + step).min(channels.len()));
        Some(Self { input, groups: groups.collect(), channels })
    }
}
