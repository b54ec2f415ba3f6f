//! A device classifies all its pictures, undisturbed.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::super::TrialError;
use super::album::Album;
use super::console::{Line, Spent};
use super::stage::{Setting, Stage};

/// How long a device may take for one picture.
const PATIENCE: Duration = Duration::from_secs(120);

/// One picture.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// The plaintext network's label.
    pub plaintext: usize,
    /// The device's.
    pub device: usize,
    /// Before the input was used.
    pub offline: Spent,
    /// From the input to the result.
    pub online: Spent,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The pictures it classified.
    pub pictures: Vec<Seen>,
    /// How many there were.
    pub expected: usize,
    /// Whether the device ended in order.
    pub ended: bool,
}

impl Report {
    /// Whether every picture has the plaintext label.
    pub fn is_good(&self) -> bool {
        self.ended
            && self.pictures.len() == self.expected
            && self.pictures.iter().all(|seen| seen.plaintext == seen.device)
    }
}

/// Runs it; `said` is told every line the device prints.
///
/// # Errors
/// If the parties or the device cannot be started.
pub fn run(album: &Album, setting: &Setting, said: &dyn Fn(&Line)) -> Result<Report, TrialError> {
    let stage = Stage::start(album, setting, |_| Ok(None))?;
    let mut device = stage.boot()?;
    let mut report = Report { expected: album.pixels.len(), ..Report::default() };
    while let Some(line) = device.line(Instant::now() + PATIENCE) {
        said(&line);
        let Line::Picture(result) = line else { continue };
        let Some(plaintext) = album.labels.get(result.picture) else { break };
        report.pictures.push(Seen {
            plaintext: *plaintext,
            device: result.output,
            offline: result.offline,
            online: result.online,
        });
    }
    report.ended = device.ended(Duration::from_secs(1));
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_good_if_every_picture_is_right_and_there() {
        let spent = Spent::default();
        let seen = |plaintext, device| Seen { plaintext, device, offline: spent, online: spent };
        let report = |pictures, expected, ended| Report { pictures, expected, ended };
        assert!(report(vec![seen(1, 1), seen(0, 0)], 2, true).is_good());
        assert!(!report(vec![seen(1, 1), seen(0, 2)], 2, true).is_good());
        assert!(!report(vec![seen(1, 1)], 2, true).is_good());
        assert!(!report(vec![seen(1, 1)], 1, false).is_good());
    }
}
