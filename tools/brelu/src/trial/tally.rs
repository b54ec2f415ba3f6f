//! How cases ended.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// How one case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// All results were right.
    Right,
    /// There was an error, in this sentence.
    Told(String),
    /// A result was wrong.
    Wrong,
    /// There was neither in time.
    Hung,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Right => write!(f, "a right result"),
            Self::Told(sentence) => write!(f, "{sentence}"),
            Self::Wrong => write!(f, "a wrong result"),
            Self::Hung => write!(f, "neither a result nor an error in time"),
        }
    }
}

/// One case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// Time until then.
    pub time: Duration,
    /// Why the inference after it, without a fault, failed.
    pub after: Option<String>,
    /// Numbers that were used twice.
    pub reused: usize,
}

/// The cases of one kind.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// What was done to the parties.
    pub kind: String,
    /// How many cases there were.
    pub cases: usize,
    /// Those with right results.
    pub right: usize,
    /// Those with an error in one sentence.
    pub told: usize,
    /// Seconds of the longest one.
    pub longest_seconds: f64,
    /// Those with a wrong result.
    pub wrong: usize,
    /// Those without an end in time.
    pub hung: usize,
    /// Those after which an inference without a fault failed.
    pub ill_after: usize,
    /// Numbers used twice.
    pub reused: usize,
}

/// All kinds, in the order in which they came, and what went wrong.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// A row a kind.
    pub rows: Vec<Row>,
    /// Cases that did not end as they should, in words.
    pub failures: Vec<String>,
    /// The errors there were, without repetitions.
    pub sentences: Vec<String>,
}

impl Tally {
    /// The row of a kind.
    fn row(&mut self, kind: &str) -> &mut Row {
        let index = self.rows.iter().position(|row| row.kind == kind).unwrap_or(self.rows.len());
        if index == self.rows.len() {
            self.rows.push(Row { kind: kind.into(), ..Row::default() });
        }
        &mut self.rows[index]
    }

    /// Counts a case of `kind`; `place` says where it was, for the report of a failure.
    pub fn count(&mut self, kind: &str, place: &str, outcome: &Outcome) {
        let row = self.row(kind);
        row.cases += 1;
        row.longest_seconds = row.longest_seconds.max(outcome.time.as_secs_f64());
        row.reused += outcome.reused;
        row.ill_after += usize::from(outcome.after.is_some());
        let count = match &outcome.end {
            End::Right => &mut row.right,
            End::Told(text) if is_sentence(text) => &mut row.told,
            End::Told(_) | End::Wrong => &mut row.wrong,
            End::Hung => &mut row.hung,
        };
        *count += 1;
        let wrong = match &outcome.end {
            End::Right => None,
            End::Told(text) if is_sentence(text) => {
                self.hear(text);
                None
            }
            End::Told(text) => Some(format!("an error that is not one sentence: {text}")),
            other => Some(other.to_string()),
        };
        let after = outcome.after.as_ref().map(|error| format!("the next inference failed: {error}"));
        let reused = (outcome.reused > 0).then(|| format!("{} numbers were used twice", outcome.reused));
        let failures = [wrong, after, reused].into_iter().flatten();
        self.failures.extend(failures.map(|text| format!("{kind}, {place}: {text}")));
    }

    fn hear(&mut self, sentence: &str) {
        if !self.sentences.iter().any(|known| known == sentence) {
            self.sentences.push(sentence.to_owned());
        }
    }

    /// Takes in another tally.
    pub fn extend(&mut self, other: Tally) {
        self.rows.extend(other.rows);
        self.failures.extend(other.failures);
        self.sentences.extend(other.sentences);
    }

    /// The sum of all rows.
    pub fn total(&self) -> Row {
        let mut total = Row { kind: "all".into(), ..Row::default() };
        for row in &self.rows {
            total.cases += row.cases;
            total.right += row.right;
            total.told += row.told;
            total.wrong += row.wrong;
            total.hung += row.hung;
            total.ill_after += row.ill_after;
            total.reused += row.reused;
            total.longest_seconds = total.longest_seconds.max(row.longest_seconds);
        }
        total
    }
}

fn is_sentence(text: &str) -> bool {
    !text.is_empty() && text.chars().count() < 500 && !text.contains('\n')
}
