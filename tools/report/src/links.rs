//! Bytes of the activation layers, and seconds on links.

use brelu_core::cost::Traffic;
use brelu_core::protocol::block_relu::Widths;

use super::Chosen;
use brelu_budget::distortion::Table;
use brelu_budget::knapsack::{Link, traffic};
use brelu_networks::blocks::BlockSize;

/// Rings of activations and pre-activations in bits, and the window where a spec names none: what small networks need.
pub(super) const FORMAT: Widths = Widths { k: 24, n: 12, w: 6, lo: 0 };

/// What the activation layers of a network send for an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) bytes: Traffic,
    /// Layers that exchange anything, one round trip each.
    pub(super) round_trips: u64,
}

impl Sent {
    /// Bytes by bandwidth, and one round trip a layer.
    pub(super) fn seconds(&self, link: Link) -> f64 {
        self.bytes.total() as f64 * 8.0 / link.bandwidth + self.round_trips as f64 * link.round_trip
    }
}

/// The network with the sizes of `spec`, or with one decision a pixel.
pub(super) fn sent(table: &Table, spec: Option<&Chosen>) -> Sent {
    let mut sum = Sent::default();
    for (index, layer) in table.layers.iter().enumerate() {
        let window = spec.and_then(|spec| spec.windows[index]);
        let format = Widths { w: window.unwrap_or(FORMAT.w), ..FORMAT };
        let size = |channel: usize| spec.map_or(BlockSize::RELU, |spec| spec.sizes[index][channel]);
        let bits = (0..layer.shape.channels as usize)
            .fold(Traffic::default(), |bits, channel| bits + traffic(layer, size(channel), format));
        sum.bytes += bits.to_bytes();
        sum.round_trips += u64::from(bits.total() > 0);
    }
    sum
}
