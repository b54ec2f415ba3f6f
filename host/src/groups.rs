//! Splits the channels of an activation layer into pieces of similar size that are worked on in parallel.

use std::ops::Range;

use brelu_core::cost::{ChannelLayout, layouts};
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
        let Op::Activation { input, .. } = node.op else { return None };
        let channels: Vec<_> = layouts(plan, &node).collect();
        let step = (PIXELS / node.shape.plane()).max(1);
        let groups = (0..channels.len()).step_by(step).map(|first| first..(first + step).min(channels.len()));
        Some(Self { input, groups: groups.collect(), channels })
    }
}
