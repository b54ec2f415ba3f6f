use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use brelu::report::{Bar, Lines, Table, print, print_json};
use brelu_host::net;

use brelu::trial::subject::Subject;
use brelu::trial::tally::{Row, Tally};
use brelu::trial::{disks, faults, kills};
use brelu_networks::numbers::{count, seconds};
use clap::Args;
use serde::Serialize;

use super::super::arguments::positive;
use super::{SubjectArgs, judged};

/// A fault at every record between the three parties
#[derive(Debug, Args)]
pub(crate) struct Faults {
    /// A sample of a few seconds
    #[arg(long)]
    quick: bool,

    /// Cases at a time
    #[arg(long, value_name = "N", default_value = "16", value_parser = positive)]
    jobs: usize,

    #[command(flatten)]
    subject: SubjectArgs,
}

/// What a trial of faults found.
#[derive(Debug, Serialize)]
struct FaultReport<'a> {
    total: Row,
    seconds: f64,
    #[serde(flatten)]
    tally: &'a Tally,
}

/// Most deployments in which parties are killed at a time.
const KILLING: usize = 4;

/// Sessions with each full disk: more than there are records of epochs in a block.
const FULL: usize = 30;

/// Every so manyth case is in a sample.
const SAMPLE: usize = 41;

impl Faults {
    pub(crate) fn run(self) -> Result<()> {
        let start = Instant::now();
        let (subject, runtime) = (self.subject.subject()?, net::runtime()?);
        let every = if self.quick { SAMPLE } else { 1 };
        let options = faults::Options { seed: self.subject.seed, jobs: self.jobs, every };
        let bar = Bar::new(1, "faults");
        let progress = |done: usize, of: usize| bar.at(done as u64, of as u64);
        let mut tally = faults::run(&subject, options, runtime.handle(), &progress)?;
        bar.say("kills");
        let options = kills::Options { jobs: self.jobs.min(KILLING), every };
        tally.extend(kills::run(&subject, options, runtime.handle(), &progress)?);
        bar.say("full disks");
        let sessions = if self.quick { 2 } else { FULL };
        tally.extend(disks::run(&subject, disks::Options { sessions }, runtime.handle(), &progress)?);
        drop(bar);
        let (total, time) = (tally.total(), start.elapsed());
        if self.subject.json {
            print_json(&FaultReport { total, seconds: time.as_secs_f64(), tally: &tally })?;
        } else {
            print(fault_text(&tally, &subject, time))?;
        }
        ensure!(tally.failures.is_empty(), "{} cases did not end as they should", tally.failures.len());
        Ok(())
    }
}

/// Failures that are described.
const DESCRIBED: usize = 20;

fn fault_text(tally: &Tally, subject: &Subject, time: Duration) -> Lines {
    let mut text = Lines::new(0);
    text.line(judged(subject));
    let head = ["fault", "cases", "right", "error told", "longest", "wrong", "hung", "ill after", "reused"];
    let mut table = Table::new(head, 1);
    for row in tally.rows.iter().chain([&tally.total()]) {
        let number = |number: usize| count(number as u64);
        let longest = seconds(row.longest_seconds);
        let [cases, right, told] = [row.cases, row.right, row.told].map(number);
        let [wrong, hung, ill, reused] = [row.wrong, row.hung, row.ill_after, row.reused].map(number);
        table.row([row.kind.clone(), cases, right, told, longest, wrong, hung, ill, reused]);
    }
    text.block(table);
    tally.failures.iter().take(DESCRIBED).for_each(|failure| text.line(failure));
    text.line(format_args!("{} in all", seconds(time.as_secs_f64())));
    text
}
