use std::str::FromStr;

use super::{CostModel, KnapsackError};
use crate::blocks::CostUnit;

/// What may be spent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// This share of what the network costs with one decision a pixel everywhere.
    Share(f64),
    /// This much.
    Amount(f64, Unit),
}

/// What an amount is given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Sign decisions.
    Decisions,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
}

/// Ends of amounts, the longest first.
const UNITS: [(&str, f64, Unit); 9] = [
    ("kB", 1e3, Unit::Bytes),
    ("MB", 1e6, Unit::Bytes),
    ("GB", 1e9, Unit::Bytes),
    ("TB", 1e12, Unit::Bytes),
    ("B", 1.0, Unit::Bytes),
    ("kD", 1e3, Unit::Decisions),
    ("D", 1.0, Unit::Decisions),
    ("ms", 1e-3, Unit::Seconds),
    ("s", 1.0, Unit::Seconds),
];

/// `12%`, `20kD` (sign decisions), `1.5MB` or `0.2s`; a number without a unit is none.
impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |digits: &str| digits.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
        let budget = match text.strip_suffix('%') {
            Some(digits) => number(digits).map(|percent| Self::Share(percent / 100.0)),
            None => UNITS.iter().find_map(|(end, factor, unit)| {
                Some(Self::Amount(number(text.strip_suffix(end)?)? * factor, *unit))
            }),
        };
        budget.ok_or_else(|| match number(text) {
            Some(_) => format!("{text} has no unit: write {text}% of the full cost, {text}D (sign decisions), {text}MB or {text}s"),
            None => format!("{text:?} is no budget: write 12%, 20kD (sign decisions), 1.5MB or 0.2s"),
        })
    }
}

impl Budget {
    /// In the numbers that a solver adds up, of which one decision a pixel everywhere costs `baseline`; rounded down.
    ///
    /// # Errors
    /// If the budget is of another unit than the costs.
    pub fn resolve(self, model: &CostModel, baseline: u64) -> Result<u64, KnapsackError> {
        let amount = match self {
            // A rounding error below does not cost one whole decision: 6 % of 100 are 6.
            Self::Share(share) => return Ok((baseline as f64 * share * (1.0 + f64::EPSILON)).floor() as u64),
            Self::Amount(amount, unit) => {
                let (fits, given) = match unit {
                    Unit::Decisions => (model.unit() == CostUnit::Drelus, "DReLUs"),
                    Unit::Bytes => (model.unit() == CostUnit::Bytes, "bytes"),
                    Unit::Seconds => (model.unit() == CostUnit::Seconds, "seconds"),
                };
                let wanted = name(model.unit());
                fits.then_some(amount).ok_or(KnapsackError::Unit { given, wanted })?
            }
        };
        Ok((amount * model.scale()).floor() as u64)
    }
}

const fn name(unit: CostUnit) -> &'static str {
    match unit {
        CostUnit::Drelus => "DReLUs",
        CostUnit::Bytes => "bytes",
        CostUnit::Seconds => "seconds",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knapsack::Formats;

    #[test]
    fn budgets_are_read() {
        let budget = |text: &str| text.parse::<Budget>();
        assert_eq!(budget("12.5%"), Ok(Budget::Share(0.125)));
        assert_eq!(budget("20kD"), Ok(Budget::Amount(20_000.0, Unit::Decisions)));
        assert_eq!(budget("777D"), Ok(Budget::Amount(777.0, Unit::Decisions)));
        // Twelve what?
        assert_eq!(
            budget("12"),
            Err("12 has no unit: write 12% of the full cost, 12D (sign decisions), 12MB or 12s".into())
        );
        assert_eq!(budget("1.5MB"), Ok(Budget::Amount(1.5e6, Unit::Bytes)));
        assert_eq!(budget("200ms"), Ok(Budget::Amount(0.2, Unit::Seconds)));
        for wrong in ["", "%", "-1", "NaN", "inf", "12 pixels", "1e999B"] {
            assert_eq!(
                budget(wrong),
                Err(format!("{wrong:?} is no budget: write 12%, 20kD (sign decisions), 1.5MB or 0.2s"))
            );
        }
    }

    #[test]
    fn shares_are_of_the_baseline_and_units_are_compared() {
        let model = CostModel::drelus(Formats::uniform(24, 12, 6).unwrap());
        let resolved = |text: &str, baseline| text.parse::<Budget>().unwrap().resolve(&model, baseline);
        assert_eq!(resolved("6%", 9_608_704), Ok(576_522));
        assert_eq!(resolved("6%", 85_262_848), Ok(5_115_770));
        assert_eq!(resolved("6%", 127_402_496), Ok(7_644_149));
        assert_eq!(resolved("12%", 100), Ok(12));
        assert_eq!(resolved("20kD", 1), Ok(20_000));
        assert_eq!(
            resolved("1MB", 1).unwrap_err().to_string(),
            "a budget in bytes does not go with costs in DReLUs: give it in DReLUs or in percent"
        );
    }
}
