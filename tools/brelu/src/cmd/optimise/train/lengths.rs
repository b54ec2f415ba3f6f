//! Numbers of options, with their units and ranges.

use brelu_learn::training::Length;

/// Epochs, or iterations with `it` behind them.
pub(super) fn length(text: &str) -> Result<Length, String> {
    let wrong = || "write it as 5 or 0.5 (epochs), or as 1000it (iterations)".to_owned();
    if let Some(steps) = text.strip_suffix("it") {
        return steps.parse().map(Length::Steps).map_err(|_| wrong());
    }
    match text.parse() {
        Ok(epochs) if (0.0..=1e6).contains(&epochs) => Ok(Length::Epochs(epochs)),
        _ => Err(wrong()),
    }
}

fn number(text: &str, range: &str, fits: impl Fn(f64) -> bool) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if fits(value) => Ok(value),
        _ => Err(format!("not a number {range}")),
    }
}

/// A learning rate, a norm: positive, at most 1e6.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    number(text, "above 0, up to 1,000,000", |value| value > 0.0 && value <= 1e6)
}

/// A decay, a minimum: from 0 to 1e6.
pub(super) fn amount(text: &str) -> Result<f64, String> {
    number(text, "from 0 to 1,000,000", |value| (0.0..=1e6).contains(&value))
}

/// A share: from 0 to 1.
pub(super) fn share(text: &str) -> Result<f64, String> {
    number(text, "from 0 to 1", |value| (0.0..=1.0).contains(&value))
}

/// A share that leaves something: from 0 to below 1.
pub(super) fn part(text: &str) -> Result<f64, String> {
    number(text, "from 0 to below 1", |value| (0.0..1.0).contains(&value))
}

/// Minutes: at least a hundredth, at most a year.
pub(super) fn minutes(text: &str) -> Result<f64, String> {
    number(text, "of minutes from 0.01 to 500,000", |value| (0.01..=5e5).contains(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_units() {
        assert_eq!(length("2.5"), Ok(Length::Epochs(2.5)));
        assert_eq!(length("1000it"), Ok(Length::Steps(1000)));
        for wrong in ["", "-1", "it", "1.5it", "NaN", "inf", "3 epochs"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_have_ranges() {
        assert!(positive("0").is_err() && positive("NaN").is_err() && positive("1e-9").is_ok());
        assert!(share("1").is_ok() && part("1").is_err() && part("0").is_ok());
        assert!(minutes("inf").is_err() && amount("-1").is_err());
    }
}
