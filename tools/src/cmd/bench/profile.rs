use std::path::PathBuf;

use anyhow::Result;
use brelu_tools::bench;
use brelu_tools::knapsack::Shares;
use brelu_tools::report::{Bar, Lines, Table, print};
use clap::Args;

use super::super::arguments::positive;
use super::super::files::{Access, ForceArgs, write_all};

/// Measure what pixels and decisions of activation layers take on this machine, for `brelu knapsack --profile`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  brelu bench profile -o machine.json
  brelu knapsack resnet20.parquet -o r20.json --cost seconds --link 1Gbit/1ms --profile machine.json --budget 0.2s")]
pub(crate) struct Profile {
    /// Where to write the profile
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    force: ForceArgs,

    /// Inferences measured of each kind of layer; medians count
    #[arg(long, value_name = "N", default_value = "9", value_parser = positive)]
    runs: usize,
}

impl Profile {
    pub(super) fn run(&self) -> Result<()> {
        self.force.check(&[&self.out])?;
        let bar = Bar::spinner("measuring activation layers");
        let profile = bench::profile(self.runs)?;
        drop(bar);
        let json = serde_json::to_string_pretty(&profile)? + "\n";
        write_all(&[(self.out.clone(), Access::Public, json.as_bytes())])?;
        let mut table = Table::new(["nanoseconds", "offline", "online"], 1);
        let (offline, online) = (profile.offline_ns, profile.online_ns);
        let mut line = |name: &str, share: fn(&Shares) -> f64| {
            let figure = |shares| format!("{:.2}", share(shares));
            table.row([name.into(), figure(&offline), figure(&online)]);
        };
        line("ReLU pixel", |shares| shares.pixel);
        line("decision", |shares| shares.block);
        line("identity pixel", |shares| shares.identity);
        let mut text = Lines::new(6);
        text.block(table);
        text.pair("wrote", self.out.display());
        Ok(print(text)?)
    }
}
