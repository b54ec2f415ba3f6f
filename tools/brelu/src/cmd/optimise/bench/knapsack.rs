use anyhow::{Context, Result};
use brelu::optimise::bench::knapsack::{KnapsackRow, NETWORKS, solve};
use brelu::report::{Bar, Table, print};
use brelu_budget::knapsack::{Budget, CostModel, Formats, Phase, Profile, Timing};

use brelu_networks::numbers::{bytes, count, seconds};
use clap::Args;

// What it does stands where commands are listed.
#[derive(Debug, Args)]
#[command(after_help = "\
Classes are channels, choices their sizes; core classes are those in which the search tried more than one choice. Bytes and \
seconds are for K = 24, n = 12, w = 6 and a link of 100 Mbit/s.

Example:
  brelu bench knapsack --budget 3%,6%,12% --network imagenet")]
pub(crate) struct Knapsack {
    /// Networks: resnet20, imagenet, ade20k or voc
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_values = NETWORKS)]
    network: Vec<String>,

    /// Budgets
    #[arg(long, value_name = "BUDGET", value_delimiter = ',', default_value = "6%")]
    budget: Vec<Budget>,

    /// Seed of the distortions
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,

    /// Choose the widths of comparison windows as well, where costs depend on them
    #[arg(long)]
    windows: bool,
}

impl Knapsack {
    pub(crate) fn run(&self) -> Result<()> {
        let models = models()?;
        let head = [
            "network",
            "costs",
            "classes",
            "choices",
            "budget",
            "seconds",
            "core classes",
            "most states",
            "visits",
            "proof",
            "front",
            "seconds",
            "peak memory",
        ];
        let mut table = Table::new(head, 2);
        let bar = Bar::spinner("solving");
        for network in &self.network {
            for budget in &self.budget {
                for (costs, model) in &models {
                    bar.say(format!("{network}, {costs}"));
                    let names = NETWORKS.join(", ");
                    let row = solve(network, (costs, model), *budget, (self.seed, self.windows))
                        .with_context(|| format!("no network {network}: there are {names}"))??;
                    table.row(cells(model, &row));
                }
            }
        }
        drop(bar);
        Ok(print(table)?)
    }
}

fn models() -> Result<[(&'static str, CostModel); 3]> {
    let formats = Formats::uniform(24, 12, 6)?;
    let link = "100Mbit/20ms".parse().map_err(anyhow::Error::msg)?;
    let timing = Timing { link, phase: Phase::Total, profile: Profile::default() };
    Ok([
        ("DReLUs", CostModel::drelus(formats.clone())),
        ("bytes", CostModel::bytes(formats.clone())),
        ("seconds", CostModel::seconds(formats, timing)),
    ])
}

fn cells(model: &CostModel, row: &KnapsackRow) -> [String; 13] {
    let (solution, effort) = (&row.solution, &row.solution.effort);
    let gap = (solution.distortion - solution.bound) / solution.distortion.max(f64::MIN_POSITIVE);
    [
        row.network.clone(),
        row.costs.into(),
        count(row.classes as u64),
        count(row.choices as u64),
        model.describe(row.budget),
        seconds(row.solve.as_secs_f64()),
        count(effort.core as u64),
        count(effort.peak as u64),
        count(effort.visits),
        if solution.optimal { "optimal".into() } else { format!("gap {gap:.1e}") },
        count(row.front as u64),
        seconds(row.front_time.as_secs_f64()),
        row.memory.map_or("unknown".into(), bytes),
    ]
}
