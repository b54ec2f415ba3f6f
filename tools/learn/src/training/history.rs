//! How a training went, as a CSV file.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::validate::Scores;

/// The columns of the file.
pub const COLUMNS: &str =
    "step,epoch,learning_rate,train_loss,train_accuracy,validation_loss,validation_accuracy,validation_miou";

/// One line of the history.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Steps done.
    pub step: u64,
    /// Passes over the training images, with a part of one.
    pub epoch: f64,
    /// Learning rate of the last step.
    pub rate: f64,
    /// Mean loss since the last row.
    pub loss: f64,
    /// Share of training images (or pixels), as they were changed, that were classified right since the last row.
    pub accuracy: f64,
    /// Results on the validation images, if they were looked at.
    pub validation: Option<Scores>,
}

/// The file of a history.
pub fn csv(rows: &[Row]) -> String {
    let mut text = format!("{COLUMNS}\n");
    for row in rows {
        let cell = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.6}"));
        let scores = row.validation;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{},{:.4},{:.6e},{:.6},{:.6},{},{},{}",
            row.step,
            row.epoch,
            row.rate,
            row.loss,
            row.accuracy,
            cell(scores.map(|scores| scores.loss)),
            cell(scores.map(|scores| scores.accuracy)),
            cell(scores.and_then(|scores| scores.mean_iou))
        );
    }
    text
}

/// The rows of such a file.
///
/// # Errors
/// Names the first line that is none.
pub fn parse(text: &str) -> Result<Vec<Row>, String> {
    let mut lines = text.lines();
    if lines.next() != Some(COLUMNS) {
        return Err(format!("its first line is not {COLUMNS}"));
    }
    lines
        .enumerate()
        .map(|(at, line)| row(line).ok_or_else(|| format!("line {} is no row", at + 2)))
        .collect()
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split(',').collect();
    let [step, epoch, rate, loss, accuracy, validation @ ..] = cells.as_slice() else { return None };
    let [scores @ .., mean_iou] = validation else { return None };
    let validation = match scores {
        ["", ""] => None,
        [loss, accuracy] => Some(Scores {
            loss: number(loss)?,
            accuracy: number(accuracy)?,
            mean_iou: if mean_iou.is_empty() { None } else { Some(number(mean_iou)?) },
        }),
        _ => return None,
    };
    Some(Row {
        step: step.parse().ok()?,
        epoch: number(epoch)?,
        rate: number(rate)?,
        loss: number(loss)?,
        accuracy: number(accuracy)?,
        validation,
    })
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_come_back() {
        let validation = Scores { loss: 0.5, accuracy: 0.875, mean_iou: None };
        let plain = Row { step: 10, epoch: 0.5, rate: 1e-3, loss: 2.25, accuracy: 0.125, validation: None };
        let maps = Scores { mean_iou: Some(0.25), ..validation };
        let rows = [
            plain,
            Row { step: 20, epoch: 1.0, validation: Some(validation), ..plain },
            Row { step: 30, epoch: 1.5, validation: Some(maps), ..plain },
        ];
        let text = csv(&rows);
        assert_eq!(parse(&text).unwrap(), rows);
        assert_eq!(text.lines().nth(1), Some("10,0.5000,1.000000e-3,2.250000,0.125000,,,"));
    }

    #[test]
    fn other_files_are_refused() {
        assert!(parse("cost,share\n").unwrap_err().starts_with("its first line is not step,"));
        for line in ["1,2,3", "1,2,3,4,5,6,7,8,9", "a,1,1,1,1,,,", "1,1,1,NaN,1,,,", "1,1,1,1,1,1,,"] {
            assert_eq!(parse(&format!("{COLUMNS}\n{line}\n")).unwrap_err(), "line 2 is no row");
        }
    }
}
