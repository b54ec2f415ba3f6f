use std::fmt;
use std::str::FromStr;

use brelu_core::cost::Traffic;

use super::{Profile, Work};

/// Which part of an inference is timed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// From the input to the output.
    Online,
    /// The preparation before the input as well.
    #[default]
    Total,
}

/// What connects every two of the parties.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Bits a second, in each direction.
    pub bandwidth: f64,
    /// Seconds there and back.
    pub round_trip: f64,
}

impl Link {
    /// A mobile, an office and a data centre connection.
    pub const STANDARD: [Self; 3] = [
        Self { bandwidth: 1e8, round_trip: 0.02 },
        Self { bandwidth: 1e9, round_trip: 0.001 },
        Self { bandwidth: 1e10, round_trip: 0.0001 },
    ];
}

/// How long things take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Between the parties.
    pub link: Link,
    /// What is counted.
    pub phase: Phase,
    /// On the parties' machines.
    pub profile: Profile,
}

impl Timing {
    /// Seconds that traffic (in bits) and work take: one after the other, messages of all links too.
    pub fn seconds(&self, traffic: &Traffic, work: Work) -> f64 {
        let (online, offline) = match self.phase {
            Phase::Online => (traffic.online(), 0.0),
            Phase::Total => (traffic.total(), self.profile.offline(work)),
        };
        online as f64 / self.link.bandwidth + (self.profile.online(work) + offline) * 1e-9
    }
}

const BITS: [(&str, f64); 4] = [("Gbit", 1e9), ("Mbit", 1e6), ("kbit", 1e3), ("bit", 1.0)];
const TIMES: [(&str, f64); 3] = [("ms", 1e-3), ("us", 1e-6), ("s", 1.0)];

/// `100Mbit/20ms`: bits a second (with `k`, `M` or `G`) and the time there and back (in `us`, `ms` or `s`).
impl FromStr for Link {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let link = text.split_once('/').and_then(|(bandwidth, round_trip)| {
            let bandwidth = amount(bandwidth, &BITS).filter(|bits| (1e3..=1e15).contains(bits))?;
            let round_trip = amount(round_trip, &TIMES).filter(|time| (0.0..=3600.0).contains(time))?;
            Some(Self { bandwidth, round_trip })
        });
        link.ok_or_else(|| {
            format!("{text:?} is no link: write bandwidth and round trip, for example 100Mbit/20ms")
        })
    }
}

fn amount(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let unit = |(unit, factor): &(&str, f64)| Some((text.strip_suffix(unit)?, *factor));
    let (digits, factor) = units.iter().find_map(unit)?;
    digits.trim().parse::<f64>().ok().map(|number| number * factor)
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = *BITS.iter().find(|(_, factor)| self.bandwidth >= *factor).unwrap_or(&BITS[3]);
        write!(f, "{} {unit}/s, {} ms", round(self.bandwidth / factor), round(self.round_trip * 1e3))
    }
}

/// Three digits behind the point at most.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_and_printed() {
        let link = |text: &str| text.parse::<Link>().map(|link| (link.bandwidth, link.round_trip));
        assert_eq!(link("100Mbit/20ms"), Ok((1e8, 0.02)));
        assert_eq!(link("2.5Gbit/0s"), Ok((2.5e9, 0.0)));
        assert_eq!("100Mbit/20ms".parse(), Ok(Link::STANDARD[0]));
        assert_eq!(Link::STANDARD[0].to_string(), "100 Mbit/s, 20 ms");
        assert_eq!(Link::STANDARD[2].to_string(), "10 Gbit/s, 0.1 ms");
        assert_eq!("2.5Gbit/100us".parse::<Link>().unwrap().to_string(), "2.5 Gbit/s, 0.1 ms");
        for wrong in [
            "",
            "100",
            "100Mbit",
            "100MB/20ms",
            "0bit/1s",
            "Mbit/ms",
            "-1Mbit/1ms",
            "1Gbit/-1s",
            "1Mbit/-1ms",
            "NaNbit/1s",
            "NaNMbit/1ms",
            "1Gbit/20",
            "1Mbit/infs",
        ] {
            assert!(link(wrong).unwrap_err().contains("100Mbit/20ms"), "{wrong}");
        }
    }
}
