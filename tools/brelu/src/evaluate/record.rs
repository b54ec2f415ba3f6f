use serde::{Deserialize, Serialize};

use crate::report::Bytes;
use brelu_data::maps::Confusion;

/// One evaluated image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its place in the data set.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// The output that would be right, if known; class offset included.
    pub label: Option<usize>,
    /// The outputs with the five largest logits, or all labels that were opened, the best first (of one pixel, if the
    /// output has many: none).
    pub top: Vec<usize>,
    /// How many labels were opened; none if scores were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<u32>,
    /// The comparison with the image's mask, if it has one, at the size of the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<Confusion>,
    /// The comparison with the float network, if one was given.
    pub float: Option<FloatRecord>,
    /// Bytes by link and phase; none if simulated.
    pub bytes: Option<Bytes>,
    /// Whether the bytes are exactly what the formulas say; none if simulated.
    pub exact: Option<bool>,
    /// Round trips; none if simulated.
    pub round_trips: Option<u32>,
    /// Values beyond their range and block sums beyond their window; known if simulated only.
    #[serde(default)]
    pub out_of_range: Option<u64>,
    /// Time of the preparation.
    pub offline_seconds: f64,
    /// Time from input to result.
    pub online_seconds: f64,
}

/// One image in the float network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FloatRecord {
    /// The outputs with the five largest logits, or as many as labels were opened.
    pub top: Vec<usize>,
    /// The share of decisions that agree: 0 or 1 for a classifier, of the pixels of the input otherwise; of a map of labels,
    /// of its own pixels.
    pub agreement: f64,
    /// Of several labels, the share of those that are the float network's at their rank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranks: Option<f64>,
    /// The float network's comparison with the image's mask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<Confusion>,
    /// Mean magnitude of the differences of the logits; none if only labels were opened.
    pub mean_error: Option<f64>,
    /// The largest one.
    pub largest_error: Option<f64>,
    /// Standard deviation of the float network's logits, to compare with.
    pub spread: f64,
}
