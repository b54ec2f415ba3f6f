use serde::Serialize;

use super::{FloatRecord, MapSummary, Record};
use crate::report::{Bytes, Lines, percent, seconds, traffic_table};

/// Mean and median.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The median.
    pub median: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let middle = |index: usize| values.get(index).copied().unwrap_or(0.0);
        let median = (middle(values.len().saturating_sub(1) / 2) + middle(values.len() / 2)) / 2.0;
        Self { mean, median }
    }
}

/// What an evaluation found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Images evaluated.
    pub images: usize,
    /// Images whose class is known.
    pub labelled: usize,
    /// Share of these whose largest logit is right.
    pub top1: Option<f64>,
    /// Share of these whose class is among the five largest logits; none if fewer labels were opened.
    pub top5: Option<f64>,
    /// [`Self::top1`] of the float network.
    pub float_top1: Option<f64>,
    /// [`Self::top5`] of the float network.
    pub float_top5: Option<f64>,
    /// Share of decisions that agree with the float network.
    pub agreement: Option<f64>,
    /// Share of labels that are the float network's at their rank, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ranks: Option<f64>,
    /// How maps meet their masks, if there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<MapSummary>,
    /// Mean magnitude of the differences of logits.
    pub mean_error: Option<f64>,
    /// The largest difference of a logit.
    pub largest_error: Option<f64>,
    /// Standard deviation of the float network's logits, mean over the images.
    pub float_spread: Option<f64>,
    /// Bytes of every inference; the first one's, should they differ. None if simulated.
    pub bytes: Option<Bytes>,
    /// Whether every inference moved exactly the bytes that the formulas say. None if simulated.
    pub exact: Option<bool>,
    /// Smallest and largest number of round trips of an inference. None if simulated.
    pub round_trips: Option<[u32; 2]>,
    /// Values beyond their range and block sums beyond their window, of all images. Known if simulated only.
    pub out_of_range: Option<u64>,
    /// Round trips the plan has.
    pub expected_round_trips: u32,
    /// Seconds of preparation an image.
    pub offline_seconds: Spread,
    /// Seconds from input to result.
    pub online_seconds: Spread,
    /// Images a second of all jobs together, preparation included.
    pub images_per_second: f64,
    /// Inferences that ran side by side.
    pub jobs: usize,
}

impl Summary {
    /// Sums up records.
    pub fn new(records: &[Record], expected_round_trips: u32, jobs: usize) -> Self {
        let floats: Vec<&FloatRecord> = records.iter().filter_map(|record| record.float.as_ref()).collect();
        let mean = |value: fn(&FloatRecord) -> Option<f64>| {
            let values: Vec<f64> = floats.iter().filter_map(|float| value(float)).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let largest = floats.iter().filter_map(|float| float.largest_error).reduce(f64::max);
        let trips = || records.iter().filter_map(|record| record.round_trips);
        let exact: Vec<bool> = records.iter().filter_map(|record| record.exact).collect();
        let busy: f64 = records.iter().map(|record| record.offline_seconds + record.online_seconds).sum();
        Self {
            images: records.len(),
            labelled: records.iter().filter(|record| is_judged(record)).count(),
            top1: hits(records, 1, |record| Some(&record.top)),
            top5: hits(records, 5, |record| {
                record.labels.is_none_or(|count| count >= 5).then_some(&record.top)
            }),
            float_top1: hits(records, 1, |record| record.float.as_ref().map(|float| &float.top)),
            float_top5: hits(records, 5, |record| record.float.as_ref().map(|float| &float.top)),
            agreement: mean(|float| Some(float.agreement)),
            ranks: mean(|float| float.ranks),
            map: MapSummary::new(records),
            mean_error: mean(|float| float.mean_error),
            largest_error: largest,
            float_spread: mean(|float| Some(float.spread)),
            bytes: records.iter().find_map(|record| record.bytes),
            exact: (!exact.is_empty()).then(|| exact.iter().all(|exact| *exact)),
            round_trips: trips().min().zip(trips().max()).map(|(least, most)| [least, most]),
            out_of_range: records
                .iter()
                .filter_map(|record| record.out_of_range)
                .reduce(|sum, more| sum + more),
            expected_round_trips,
            offline_seconds: Spread::of(records.iter().map(|record| record.offline_seconds)),
            online_seconds: Spread::of(records.iter().map(|record| record.online_seconds)),
            images_per_second: if busy > 0.0 { jobs as f64 * records.len() as f64 / busy } else { 0.0 },
            jobs,
        }
    }

    /// With the names that `label` has for the outputs of maps.
    #[must_use]
    pub fn named(mut self, label: &dyn Fn(usize) -> Option<String>) -> Self {
        if let Some(map) = &mut self.map {
            map.name(label);
        }
        self
    }

    /// The summary for people.
    pub fn text(&self) -> Lines {
        let mut text = Lines::new(20);
        text.pair("images", self.images);
        self.accuracy(&mut text);
        self.traffic(&mut text);
        text.maybe("out of range", self.out_of_range.map(|count| format!("{count} values, of all images")));
        let time =
            |spread: Spread| format!("{} mean, {} median", seconds(spread.mean), seconds(spread.median));
        text.maybe("offline", self.bytes.map(|_| time(self.offline_seconds)));
        text.pair("online", time(self.online_seconds));
        text.pair("images a second", format_args!("{:.2} ({} at a time)", self.images_per_second, self.jobs));
        text
    }

    fn accuracy(&self, text: &mut Lines) {
        let of = if self.labelled == self.images { String::new() } else { format!(" of {}", self.labelled) };
        let pair = |top1: Option<f64>, top5: Option<f64>| {
            let top5 = top5.map_or(String::new(), |top5| format!(", {} top-5", percent(top5)));
            Some(format!("{} top-1{top5}{of}", percent(top1?)))
        };
        match (&self.map, self.labelled) {
            (None, 0) => text.pair("accuracy", "unknown: nothing says what these images show"),
            _ => text.maybe("accuracy", pair(self.top1, self.top5)),
        }
        text.maybe("float accuracy", pair(self.float_top1, self.float_top5));
        if let Some(map) = &self.map {
            map.text(text);
        }
        text.maybe("agreement with float", self.agreement.map(percent));
        text.maybe("ranks as in float", self.ranks.map(percent));
        if let (Some(mean), Some(largest), Some(spread)) =
            (self.mean_error, self.largest_error, self.float_spread)
        {
            // A single output has a spread over images only.
            let spread = match spread > 0.0 {
                true => format!(" (the logits' own spread is {spread:.2})"),
                false => String::new(),
            };
            text.pair("logit error", format!("{mean:.4} mean, {largest:.4} largest{spread}"));
        }
    }

    fn traffic(&self, text: &mut Lines) {
        let Some(bytes) = &self.bytes else { return };
        text.line("bytes an inference");
        text.block(traffic_table(bytes));
        let exact = if self.exact == Some(true) { "yes" } else { "no" };
        text.pair("equal to formulas", format_args!("{exact}, of {} inferences", self.images));
        let trips = self.round_trips.map(|[least, most]| {
            let measured = if least == most { least.to_string() } else { format!("{least} to {most}") };
            format!("{measured} (plan: {})", self.expected_round_trips)
        });
        text.maybe("round trips", trips);
    }
}

/// Whether a record has a label, and one class to compare it with.
fn is_judged(record: &Record) -> bool {
    record.label.is_some() && !record.top.is_empty()
}

fn hits(records: &[Record], count: usize, top: impl Fn(&Record) -> Option<&Vec<usize>>) -> Option<f64> {
    let judged: Vec<bool> = records
        .iter()
        .filter(|record| is_judged(record))
        .filter_map(|record| Some(top(record)?.iter().take(count).any(|class| Some(*class) == record.label)))
        .collect();
    (!judged.is_empty()).then(|| judged.iter().filter(|hit| **hit).count() as f64 / judged.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_ones() {
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 9.0].into_iter()), Spread { mean: 4.0, median: 3.0 });
        assert_eq!(Spread::of([5.0, 1.0, 3.0].into_iter()), Spread { mean: 3.0, median: 3.0 });
        assert_eq!(Spread::of(std::iter::empty()), Spread::default());
    }
}
