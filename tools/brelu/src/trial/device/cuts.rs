//! A device whose power is cut at random moments.
//!
//! In every cycle the device is cut off at a moment between power on and some time after its first result, and started
//! again with the flash that is left; then a right result has to come. No number may be used twice: not by the device,
//! as it prints them before it uses them, and not by any party.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::super::TrialError;
use super::super::numbers::{Numbers, Purpose, Reporter};
use super::album::Album;
use super::console::Line;
use super::stage::{Setting, Stage};
use brelu_networks::numbers::Random;

/// How a trial is held.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Chooses the moments.
    pub seed: u64,
    /// How often the power is cut at a random moment.
    pub cuts: usize,
}

/// How long a device may take to a first result.
pub const BOUND: Duration = Duration::from_secs(60);

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Cuts at random moments: before the start was counted, before there was an epoch, before an input was sent, before
    /// there was a result, and later.
    pub cuts: [usize; 5],
    /// Right results.
    pub right: usize,
    /// Wrong results.
    pub wrong: usize,
    /// Starts after which no result came in time.
    pub unserved: usize,
    /// Starts, as the device counted them; those of the trial.
    pub boots: [usize; 2],
    /// Numbers the device sent inputs under, and those the server ran.
    pub numbers: [usize; 2],
    /// Counts of starts and numbers that came twice.
    pub reused: usize,
}

impl Report {
    /// Whether everything was as it should be.
    pub fn is_good(&self) -> bool {
        self.wrong + self.unserved + self.reused == 0
    }
}

/// What one life of the device showed.
#[derive(Clone, Copy, Debug, Default)]
struct Life {
    booted: bool,
    epoch: bool,
    ran: bool,
    right: usize,
}

impl Life {
    fn moment(&self) -> usize {
        match self {
            Self { booted: false, .. } => 0,
            Self { epoch: false, .. } => 1,
            Self { ran: false, .. } => 2,
            Self { right: 0, .. } => 3,
            _ => 4,
        }
    }
}

/// Runs all cycles.
///
/// # Errors
/// If the parties or the device cannot be started.
pub fn run(
    album: &Album,
    setting: &Setting,
    options: Options,
    progress: &dyn Fn(usize, usize),
) -> Result<Report, TrialError> {
    let stage = Stage::start(album, setting, |_| Ok(None))?;
    let mut trial = Trial { album, stage, report: Report::default(), boots: BTreeSet::new() };
    let mut random = Random::new(options.seed);
    // The first start gives the dealer its model.
    trial.served()?;
    let usual = trial.served()?;
    for cut in 0..options.cuts {
        let moment = usual.mul_f64(random.below(1250) as f64 / 1000.0);
        let life = trial.cut_after(moment)?;
        trial.report.cuts[life.moment()] += 1;
        trial.served()?;
        progress(cut + 1, options.cuts);
    }
    Ok(trial.finish())
}

struct Trial<'a> {
    album: &'a Album,
    stage: Stage,
    report: Report,
    boots: BTreeSet<u64>,
}

impl Trial<'_> {
    /// Powers the device on and cuts it off.
    fn cut_after(&mut self, time: Duration) -> Result<Life, TrialError> {
        let (device, mut life) = (self.stage.boot()?, Life::default());
        self.report.boots[1] += 1;
        std::thread::sleep(time);
        device.cut().into_iter().for_each(|line| self.judge(&line, &mut life));
        Ok(life)
    }

    /// Powers the device on until there is a right result; how long that took.
    fn served(&mut self) -> Result<Duration, TrialError> {
        let (start, device, mut life) = (Instant::now(), self.stage.boot()?, Life::default());
        self.report.boots[1] += 1;
        while life.right == 0 {
            match device.line(start + BOUND) {
                Some(line) => self.judge(&line, &mut life),
                None => {
                    self.report.unserved += 1;
                    break;
                }
            }
        }
        let time = start.elapsed();
        device.cut().into_iter().for_each(|line| self.judge(&line, &mut life));
        Ok(time)
    }

    fn judge(&mut self, line: &Line, life: &mut Life) {
        let device = |purpose, number| {
            self.stage.numbers().record(Reporter::Device, purpose, "device".into(), number);
        };
        match line {
            Line::Boot(count) => {
                life.booted = true;
                self.report.boots[0] += 1;
                self.report.reused += usize::from(!self.boots.insert(*count));
            }
            Line::Epoch(epoch) => {
                life.epoch = true;
                device(Purpose::Epoch, *epoch);
            }
            Line::Runs(number) => {
                life.ran = true;
                device(Purpose::Sent, *number);
            }
            Line::Picture(result) if self.album.labels.get(result.picture) == Some(&result.output) => {
                life.right += 1;
                self.report.right += 1;
            }
            Line::Picture(_) => self.report.wrong += 1,
            Line::Failed(_) | Line::Other(_) => {}
        }
    }

    /// Ends the parties and reads their logs to the end.
    fn finish(mut self) -> Report {
        self.stage.deployment.server.kill();
        self.stage.deployment.dealer.kill();
        let numbers: &Numbers = self.stage.numbers();
        self.report.numbers =
            [numbers.count(Reporter::Device, Purpose::Sent), numbers.count(Reporter::Server, Purpose::Ran)];
        self.report.reused += numbers.reused();
        self.report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_known_by_what_it_came_to() {
        let mut life = Life::default();
        assert_eq!(life.moment(), 0);
        life.booted = true;
        assert_eq!(life.moment(), 1);
        life.epoch = true;
        assert_eq!(life.moment(), 2);
        life.ran = true;
        assert_eq!(life.moment(), 3);
        life.right = 2;
        assert_eq!(life.moment(), 4);
    }

    #[test]
    fn a_report_with_anything_wrong_is_not_good() {
        assert!(Report { right: 3, boots: [3, 5], ..Report::default() }.is_good());
        assert!(!Report { wrong: 1, ..Report::default() }.is_good());
        assert!(!Report { unserved: 1, ..Report::default() }.is_good());
        assert!(!Report { reused: 1, ..Report::default() }.is_good());
    }
}
