use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use brelu::report::{Bar, Lines, Table, print, print_json};
use brelu_host::net;

use brelu::trial::crowd::{self, Memory, Options, Report, Round};
use brelu_networks::numbers::{bytes, count, seconds};
use clap::Args;
use serde::Serialize;

use super::super::arguments::positive;
use super::{SubjectArgs, judged};

/// Many clients at once, hostile ones among them
#[derive(Debug, Args)]
#[command(after_help = "\
The memory of server and dealer has to stay within what they used with one client, and for every place four times the \
messages of an inference, the values of the network, and 2 MiB of buffers.")]
pub(crate) struct Crowd {
    /// Clients; server and dealer have a place for each, and a second one for each hostile one
    #[arg(long, value_name = "N", default_value = "64", value_parser = positive)]
    clients: usize,

    /// How many of them are hostile: slow, silent, flooding, talking garbage, preparing without end
    #[arg(long, value_name = "N", default_value = "5")]
    hostile: usize,

    /// Inferences of each honest client, in each of two rounds
    #[arg(long, value_name = "N", default_value = "4", value_parser = positive)]
    inferences: usize,

    /// A few clients only
    #[arg(long)]
    quick: bool,

    #[command(flatten)]
    subject: SubjectArgs,
}

/// What a trial found.
#[derive(Debug, Serialize)]
struct Found<'a> {
    seconds: f64,
    #[serde(flatten)]
    report: &'a Report,
}

impl Crowd {
    pub(crate) fn run(self) -> Result<()> {
        ensure!(self.hostile < self.clients, "at least one client has to be honest: give more of them");
        let start = Instant::now();
        let (subject, runtime) = (self.subject.subject()?, net::runtime()?);
        let options = match self.quick {
            true => Options { clients: 12, hostile: 5, inferences: 2 },
            false => Options { clients: self.clients, hostile: self.hostile, inferences: self.inferences },
        };
        let spinner = Bar::spinner("a crowd");
        let report = crowd::run(&subject, options, runtime.handle())?;
        drop(spinner);
        runtime.shutdown_background();
        let time = start.elapsed();
        if self.subject.json {
            print_json(&Found { seconds: time.as_secs_f64(), report: &report })?;
        } else {
            print(format_args!("{}\n{}", judged(&subject), text(&report, options, time)))?;
        }
        ensure!(
            report.is_good(),
            "an honest client went without a right result, memory grew beyond its bound, or a number was used twice"
        );
        Ok(())
    }
}

fn text(report: &Report, options: Options, time: Duration) -> Lines {
    let mut text = Lines::new(0);
    let honest = options.clients - options.hostile;
    text.line(format_args!(
        "{honest} honest clients, {} inferences each; {} hostile ones, {} connections",
        options.inferences,
        options.hostile,
        count(report.connections as u64)
    ));
    let head = ["honest clients", "right", "wrong or none", "median", "nine of ten", "longest", "all done"];
    let mut table = Table::new(head, 1);
    for (name, round) in [("among themselves", &report.calm), ("among hostile ones", &report.hostile)] {
        let Round { right, wrong, seconds: [median, most, longest], total_seconds, .. } = round;
        let [median, most, longest, all] = [median, most, longest, total_seconds].map(|time| seconds(*time));
        table.row([name.into(), count(*right as u64), count(*wrong as u64), median, most, longest, all]);
    }
    text.block(table);
    let mut table =
        Table::new(["peak memory", "one client", "honest ones", "and hostile ones", "bound", "of bound"], 1);
    for (name, memory) in [("server", report.server), ("dealer", report.dealer)] {
        let Memory { alone, calm, hostile, bound } = memory;
        let share = format!("{:.0} %", 100.0 * hostile as f64 / bound.max(1) as f64);
        let [alone, calm, hostile, bound] = [alone, calm, hostile, bound].map(bytes);
        table.row([name.into(), alone, calm, hostile, bound, share]);
    }
    text.block(table);
    text.line(format_args!("numbers used twice: {}", report.reused));
    let errors = report.calm.errors.iter().chain(&report.hostile.errors);
    errors.for_each(|error| text.line(format_args!("told: {error}")));
    text.line(format_args!("{} in all", seconds(time.as_secs_f64())));
    text
}
