//! What `infer` says.

use std::path::Path;

use anyhow::Result;
use brelu_core::cost::Total;
use brelu_core::plan::Plan;

use brelu::report::{Bytes, Lines, traffic_table};
use brelu_host::embed::{self, Answer};
use brelu_host::net::Measured;

use brelu_networks::numbers::{percent, seconds};
use serde::Serialize;

use super::maps::Map;
use super::raw::Values;
use super::{lines, named};

/// One class of a result.
#[derive(Debug, Serialize)]
pub(super) struct Class {
    /// The output; of a network with one output the class, 0 or 1.
    output: usize,
    /// Its name, if the plan has names.
    label: Option<String>,
    /// Its logit; none if only labels were opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    /// The softmax of all logits.
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
}

/// What the network says of a picture.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Said {
    /// Its best classes.
    Classes { top: Vec<Class> },
    /// A class for every pixel.
    Map(Map),
    /// Values that are no scores.
    Values(Values),
    /// Labels as they were opened.
    Labels { labels: Vec<u32> },
}

/// One picture's result.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    image: String,
    #[serde(flatten)]
    said: Said,
    offline_seconds: f64,
    online_seconds: f64,
    bytes: Bytes,
    expected_bytes: Bytes,
    exact: bool,
    round_trips: u32,
    expected_round_trips: u32,
}

/// The traffic of all results so far, against that of the plan.
pub(super) struct Traffic {
    expected: Total,
    first: Option<Bytes>,
    exact: bool,
    trips: bool,
}

/// The best classes, the best first.
pub(super) fn classes(plan: &Plan<'_>, names: &[String], answer: &Answer, top: usize) -> Vec<Class> {
    let class = |class: embed::Class| Class {
        output: class.output,
        label: named(plan, class.output, names),
        value: class.score.map(f64::from),
        probability: class.probability,
    };
    answer.top(top).into_iter().map(class).collect()
}

impl Traffic {
    pub(super) const fn of(expected: Total) -> Self {
        Self { expected, first: None, exact: true, trips: true }
    }

    pub(super) fn add(&mut self, run: &Measured) {
        self.first.get_or_insert(run.bytes.into());
        self.exact &= run.exact;
        self.trips &= run.round_trips == self.expected.round_trips;
    }

    /// For people.
    pub(super) fn text(&self) -> Lines {
        let mut text = lines();
        if let Some(first) = &self.first {
            text.line("bytes an inference");
            text.block(traffic_table(first));
        }
        let yes = |every: bool| if every { "yes" } else { "no" };
        let (exact, trips) = (yes(self.exact), yes(self.trips));
        text.line(format_args!(
            "traffic equals the formulas: {exact}; round trips equal the plan's {}: {trips}",
            self.expected.round_trips
        ));
        text
    }
}

impl Outcome {
    /// Of one run.
    pub(super) fn new(path: &Path, said: Said, run: &Measured, traffic: &Traffic) -> Self {
        Self {
            image: path.display().to_string(),
            said,
            offline_seconds: run.offline.as_secs_f64(),
            online_seconds: run.online.as_secs_f64(),
            bytes: run.bytes.into(),
            expected_bytes: traffic.expected.bytes.into(),
            exact: run.exact,
            round_trips: run.round_trips,
            expected_round_trips: traffic.expected.round_trips,
        }
    }

    /// For programs: a line.
    pub(super) fn line(&self) -> Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }

    /// For people.
    pub(super) fn text(&self) -> Lines {
        let mut text = lines();
        text.line(&self.image);
        match &self.said {
            Said::Classes { top } => top.iter().for_each(|class| class.describe(&mut text)),
            Said::Map(map) => map.describe(&mut text),
            Said::Values(values) => values.describe(&mut text),
            Said::Labels { labels } => text.line(format_args!("  {} labels", labels.len())),
        }
        let (offline, online) = (seconds(self.offline_seconds), seconds(self.online_seconds));
        text.line(format_args!("  offline {offline}, online {online}, {} round trips", self.round_trips));
        text
    }
}

impl Class {
    fn describe(&self, text: &mut Lines) {
        let name = self.label.clone().unwrap_or_else(|| format!("output {}", self.output));
        match (self.value, self.probability) {
            (Some(value), Some(share)) => {
                text.line(format_args!("  {name:<32} {value:>10.3} {:>9}", percent(share)));
            }
            _ => text.line(format_args!("  {name}")),
        }
    }
}
