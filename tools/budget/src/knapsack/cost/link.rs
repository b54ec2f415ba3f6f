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

/// `100Mbit/20ms`: bits a second (with `k`, `M` or `G`) and the time there and back (in `ms` or `s`).
impl FromStr for Link {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let link = text.split_once('/').and_then(|(bandwidth, round_trip)| {
            Some(Self { bandwidth: bandwidth_of(bandwidth)?, round_trip: time_of(round_trip)? })
        });
        link.ok_or_else(|| format!("{text:?} is no link: write bandwidth and round trip, as in 100Mbit/20ms"))
    }
}

fn bandwidth_of(text: &str) -> Option<f64> {
    let bits = text.strip_suffix("bit")?;
    let units = [("k", 1e3), ("M", 1e6), ("G", 1e9)];
    let (digits, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((bits.strip_suffix(unit)?, *factor)))
        .unwrap_or((bits, 1.0));
    let bandwidth = digits.parse::<f64>().ok()? * factor;
    (1e3..=1e15).contains(&bandwidth).then_some(bandwidth)
}

fn time_of(text: &str) -> Option<f64> {
    let (digits, factor) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1e-3),
        None => (text.strip_suffix('s')?, 1.0),
    };
    let time = digits.parse::<f64>().ok()? * factor;
    (0.0..=3600.0).contains(&time).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read() {
        let link = |text: &str| text.parse::<Link>().map(|link| (link.bandwidth, link.round_trip));
        assert_eq!(link("100Mbit/20ms"), Ok((1e8, 0.02)));
        assert_eq!(link("2.5Gbit/0s"), Ok((2.5e9, 0.0)));
        for wrong in ["", "100Mbit", "100MB/20ms", "0bit/1s", "1Gbit/-1s", "NaNbit/1s", "1Gbit/20"] {
            assert!(link(wrong).unwrap_err().contains("100Mbit/20ms"), "{wrong}");
        }
    }
}
