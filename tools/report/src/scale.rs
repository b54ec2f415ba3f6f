//! Scales of charts whose labels stand where they are wanted.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// The scale of an axis with labels where they are wanted.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    /// From and to.
    pub(super) range: Range<f64>,
    /// Where there are labels.
    pub(super) ticks: Vec<f64>,
}

impl Ranged for Scale {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl Scale {
    /// A logarithmic scale, whose coordinate is the decimal logarithm, on which all positive `values` have room, if there is one.
    pub(super) fn logarithmic(values: impl Iterator<Item = f64>) -> Option<Self> {
        let logs = values.filter(|value| *value > 0.0 && value.is_finite()).map(f64::log10);
        let (low, high) = logs.fold((f64::MAX, f64::MIN), |(low, high), log| (low.min(log), high.max(log)));
        (low <= high).then(|| Self::between(low, high))
    }

    /// Rows from the top, with a label in the middle of every `step`th.
    pub(super) fn rows(count: usize, step: usize) -> Self {
        let ticks = (0..count).step_by(step.max(1)).map(|row| row as f64 + 0.5).collect();
        Self { range: count.max(1) as f64..0.0, ticks }
    }

    /// A logarithmic scale from a little below `low` to a little above `high`, decimal logarithms.
    pub(super) fn between(low: f64, high: f64) -> Self {
        let margin = ((high - low) * 0.05).max(0.04);
        let (low, high) = (low - margin, high + margin);
        let steps: &[f64] = match high - low {
            span if span < 0.3 => &FINE,
            span if span < 1.0 => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
            span if span < 2.5 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        // Several orders of magnitude apart, labels stand at every few of them.
        let every = ((high - low) / 8.0).ceil().max(1.0) as i32;
        let decades = (low.floor() as i32..=high.ceil() as i32).filter(|decade| decade % every == 0);
        let ticks = decades.flat_map(|decade| steps.iter().map(move |step| f64::from(decade) + step.log10()));
        Self { range: low..high, ticks: ticks.filter(|tick| (low..=high).contains(tick)).collect() }
    }
}

/// Digits with a label on axes that span less than a factor of two.
const FINE: [f64; 18] =
    [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.25, 2.5, 2.75, 3.0, 3.35, 4.0, 5.0, 6.5, 8.0];

/// The number whose decimal logarithm is `log`, short.
pub(super) fn power(log: &f64) -> String {
    let value = 10f64.powf(*log);
    if (0.001..99_999.0).contains(&value) {
        let digits = usize::try_from((-log.floor()) as i64 + 2).unwrap_or(0);
        let text = format!("{value:.digits$}");
        return if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').into()
        } else {
            text
        };
    }
    let text = format!("{value:.1e}");
    text.replace(".0e", "e")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_on_logarithmic_axes_are_short() {
        let logs = [-6.0, -2.0, 0.0, 1.0, 1.698_97, 3.0, 5.301_03];
        assert_eq!(logs.map(|log| power(&log)), ["1e-6", "0.01", "1", "10", "50", "1000", "2e5"]);
    }

    #[test]
    fn axes_have_two_labels_at_least() {
        for (low, high) in [(1.0, 1.0), (0.9, 1.1), (1.0, 9.0), (1e-9, 1e7), (1e-300, 1e300), (3.3, 3.4)] {
            let axis = Scale::logarithmic([low, high].into_iter()).unwrap();
            assert!((1..25).contains(&axis.ticks.len()), "{low} {high} {axis:?}");
        }
        assert!(Scale::logarithmic([0.0, f64::NAN].into_iter()).is_none());
    }
}
