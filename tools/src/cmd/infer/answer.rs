//! What `infer` says.

use std::path::Path;

use brelu_core::plan::Plan;
use brelu_tools::evaluate::{Opened, largest};
use brelu_tools::net::Measured;
use brelu_tools::report::{Bytes, Lines, seconds, traffic_table};
use serde::Serialize;

use super::label;
use super::maps::Map;

/// One class of a result.
#[derive(Debug, Serialize)]
pub(super) struct Class {
    /// The output.
    output: usize,
    /// Its name, if the plan has names.
    label: Option<String>,
    /// Its logit; none if only labels were opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
}

/// What the network says of a picture.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Said {
    /// Its best classes.
    Classes { top: Vec<Class> },
    /// A class for every pixel.
    Map(Map),
}

/// One picture's result.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    image: String,
    #[serde(flatten)]
    said: Said,
    offline_seconds: f64,
    online_seconds: f64,
    bytes: Bytes,
    exact: bool,
    round_trips: u32,
}

/// Everything.
#[derive(Debug, Serialize)]
pub(super) struct Answers {
    pub(super) network: String,
    pub(super) expected_bytes: Bytes,
    pub(super) expected_round_trips: u32,
    pub(super) images: Vec<Answer>,
}

/// The best classes, the best first.
pub(super) fn classes(plan: &Plan<'_>, opened: &Opened, top: usize) -> Vec<Class> {
    let class = |output, value| Class { output, label: label(plan, output), value };
    match opened {
        Opened::Scores(logits) => {
            let logit = |output: usize| Some(f64::from(logits[output]));
            largest(logits, top).into_iter().map(|output| class(output, logit(output))).collect()
        }
        Opened::Labels(labels) => {
            labels.iter().take(top).map(|output| class(*output as usize, None)).collect()
        }
    }
}

impl Answers {
    /// For people.
    pub(super) fn text(&self) -> Lines {
        let mut text = Lines::new(0);
        self.images.iter().for_each(|answer| answer.describe(&mut text));
        if let Some(first) = self.images.first() {
            text.line("bytes an inference");
            text.block(traffic_table(&first.bytes));
        }
        let yes = |every: bool| if every { "yes" } else { "no" };
        let exact = yes(self.images.iter().all(|answer| answer.exact));
        let expected = self.expected_round_trips;
        let trips = yes(self.images.iter().all(|answer| answer.round_trips == expected));
        text.line(format_args!(
            "traffic equals the formulas: {exact}; round trips equal the plan's {expected}: {trips}"
        ));
        text
    }
}

impl Answer {
    /// Of one run.
    pub(super) fn new(path: &Path, said: Said, run: &Measured) -> Self {
        Self {
            image: path.display().to_string(),
            said,
            offline_seconds: run.offline.as_secs_f64(),
            online_seconds: run.online.as_secs_f64(),
            bytes: run.bytes.into(),
            exact: run.exact,
            round_trips: run.round_trips,
        }
    }

    fn describe(&self, text: &mut Lines) {
        text.line(&self.image);
        match &self.said {
            Said::Classes { top } => {
                for class in top {
                    let name = class.label.clone().unwrap_or_else(|| format!("output {}", class.output));
                    match class.value {
                        Some(value) => text.line(format_args!("  {name:<32} {value:>10.3}")),
                        None => text.line(format_args!("  {name}")),
                    }
                }
            }
            Said::Map(map) => map.describe(text),
        }
        let (offline, online) = (seconds(self.offline_seconds), seconds(self.online_seconds));
        text.line(format_args!("  offline {offline}, online {online}, {} round trips", self.round_trips));
    }
}
