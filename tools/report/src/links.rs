//! Bytes of the activation layers, and seconds on links.

use std::fmt;
use std::str::FromStr;

use brelu_core::cost::Traffic;
use brelu_core::protocol::block_relu::Format;

use super::Chosen;
use brelu_budget::distortion::Table;
use brelu_budget::knapsack::traffic;
use brelu_networks::blocks::BlockSize;

/// Rings of activations and pre-activations in bits, and the window where a spec names none: what small networks need.
pub(super) const FORMAT: Format = Format { k: 24, n: 12, w: 6, lo: 0 };

/// A connection between client and server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Bits a second.
    pub bandwidth: f64,
    /// Seconds there and back.
    pub round_trip: f64,
}

/// A mobile, an office and a data centre connection.
pub fn standard_links() -> Vec<Link> {
    [(1e8, 0.02), (1e9, 0.001), (1e10, 0.0001)]
        .map(|(bandwidth, round_trip)| Link { bandwidth, round_trip })
        .to_vec()
}

const BITS: [(&str, f64); 3] = [("Gbit", 1e9), ("Mbit", 1e6), ("kbit", 1e3)];
const TIMES: [(&str, f64); 3] = [("ms", 1e-3), ("us", 1e-6), ("s", 1.0)];

/// `100Mbit/20ms`: bandwidth and round trip.
impl FromStr for Link {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no link: write bandwidth and round trip, for example 100Mbit/20ms");
        let (bandwidth, round_trip) = text.split_once('/').ok_or_else(wrong)?;
        let bandwidth = amount(bandwidth.trim(), &BITS).filter(|value| (1e3..=1e13).contains(value));
        let round_trip = amount(round_trip.trim(), &TIMES).filter(|value| (0.0..=60.0).contains(value));
        let (bandwidth, round_trip) = bandwidth.zip(round_trip).ok_or_else(wrong)?;
        Ok(Self { bandwidth, round_trip })
    }
}

fn amount(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let (digits, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    digits.trim().parse::<f64>().ok().map(|number| number * factor)
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = BITS.iter().find(|(_, factor)| self.bandwidth >= *factor).unwrap_or(&("bit", 1.0));
        write!(f, "{} {}/s, {} ms", round(self.bandwidth / bits.1), bits.0, round(self.round_trip * 1e3))
    }
}

/// Three digits behind the point at most.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

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
        let format = Format { w: window.unwrap_or(FORMAT.w), ..FORMAT };
        let size = |channel: usize| spec.map_or(BlockSize::RELU, |spec| spec.sizes[index][channel]);
        let bits = (0..layer.shape.channels as usize)
            .fold(Traffic::default(), |bits, channel| bits + traffic(layer, size(channel), format));
        sum.bytes += bits.to_bytes();
        sum.round_trips += u64::from(bits.total() > 0);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_and_printed() {
        let link: Link = "100Mbit/20ms".parse().unwrap();
        assert_eq!(link, standard_links()[0]);
        assert_eq!(link.to_string(), "100 Mbit/s, 20 ms");
        assert_eq!(standard_links()[2].to_string(), "10 Gbit/s, 0.1 ms");
        assert_eq!("2.5Gbit/100us".parse::<Link>().unwrap().to_string(), "2.5 Gbit/s, 0.1 ms");
        for wrong in
            ["", "100", "100Mbit", "Mbit/ms", "-1Mbit/1ms", "1Mbit/-1ms", "NaNMbit/1ms", "1Mbit/infs"]
        {
            assert!(wrong.parse::<Link>().unwrap_err().contains("100Mbit/20ms"), "{wrong}");
        }
    }
}
