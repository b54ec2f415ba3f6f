use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use brelu::report::{Bar, Lines, Table, print, print_json};

use brelu::trial::restarts::{self, Report};
use brelu_networks::numbers::{count, seconds};
use clap::Args;
use serde::Serialize;

use super::super::arguments::positive;
use super::{SubjectArgs, judged};

/// Inference without end while parties are killed at random and started again
#[derive(Debug, Args)]
pub(crate) struct Restarts {
    /// How often somebody is killed
    #[arg(long, value_name = "N", default_value = "500", value_parser = positive)]
    cycles: usize,

    /// A few cycles only
    #[arg(long)]
    quick: bool,

    #[command(flatten)]
    subject: SubjectArgs,
}

/// Cycles of a quick trial.
const QUICK: usize = 12;

/// What a trial found.
#[derive(Debug, Serialize)]
struct Found<'a> {
    seconds: f64,
    #[serde(flatten)]
    report: &'a Report,
}

impl Restarts {
    pub(crate) fn run(self) -> Result<()> {
        let start = Instant::now();
        let subject = self.subject.subject()?;
        let cycles = if self.quick { QUICK } else { self.cycles };
        let options = restarts::Options { seed: self.subject.seed, cycles };
        let bar = Bar::new(cycles as u64, "kills");
        let report = restarts::run(&subject, options, &|done, of| bar.at(done as u64, of as u64))?;
        drop(bar);
        let time = start.elapsed();
        if self.subject.json {
            print_json(&Found { seconds: time.as_secs_f64(), report: &report })?;
        } else {
            print(format_args!("{}\n{}", judged(&subject), text(&report, time)))?;
        }
        let Report { wrong, unserved, reused, .. } = &report;
        ensure!(
            report.is_good(),
            "{wrong} results were wrong, {unserved} times none came, {reused} numbers were used twice"
        );
        Ok(())
    }
}

fn text(report: &Report, time: Duration) -> Lines {
    let mut table = Table::new(["continuous inference", ""], 1);
    let mut line = |name: &str, value: String| table.row([name.into(), value]);
    let number = |number: usize| count(number as u64);
    for (name, killed) in ["server killed", "dealer killed", "client killed"].into_iter().zip(report.killed) {
        line(name, number(killed));
    }
    line("right results", number(report.right));
    line("wrong results", number(report.wrong));
    line("errors told", number(report.told));
    line("no result in time", number(report.unserved));
    let [median, longest] = report.outage_seconds.map(seconds);
    line("median outage", median);
    line("longest outage", longest);
    let names = ["numbers sent", "numbers run", "numbers dealt for", "epochs"];
    names.into_iter().zip(report.numbers).for_each(|(name, value)| line(name, number(value)));
    line("numbers used twice", number(report.reused));
    let mut text = Lines::new(0);
    text.block(table);
    report.sentences.iter().for_each(|sentence| text.line(format_args!("told: {sentence}")));
    text.line(format_args!("{} in all", seconds(time.as_secs_f64())));
    text
}
