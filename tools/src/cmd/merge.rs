use std::path::PathBuf;

use anyhow::{Context, Result};
use brelu_tools::distortion::{Table, merge, read_table, write_table};
use brelu_tools::report::{Lines, count, print};
use clap::Args;

use super::files::ForceArgs;

/// Join the parts of a divided measurement of distortions into one table
#[derive(Debug, Args)]
#[command(after_help = "\
Every part of one measurement has to be given once, in any order. Distortions become means over the images of all parts.

Example:
  brelu merge part1.parquet part2.parquet part3.parquet -o resnet20.parquet")]
pub(crate) struct Merge {
    /// The parts: tables that `brelu distort` wrote with --shard
    #[arg(required = true, value_name = "SHARD")]
    shards: Vec<PathBuf>,

    /// Where to write the whole table
    #[arg(short = 'o', long = "out", value_name = "TABLE")]
    out: PathBuf,

    #[command(flatten)]
    force: ForceArgs,
}

impl Merge {
    pub(crate) fn run(self) -> Result<()> {
        self.force.check(&[&self.out])?;
        let tables: Vec<Table> =
            self.shards.iter().map(|path| read_table(path)).collect::<std::result::Result<_, _>>()?;
        let parts = tables.len() as u64;
        let table = merge(tables).context("cannot merge these tables")?;
        write_table(&self.out, &table)?;
        let mut text = Lines::new(8);
        text.pair("network", &table.provenance.network);
        text.pair(
            "merged",
            format_args!("{} tables, {} images", count(parts), count(table.provenance.samples)),
        );
        text.pair("wrote", self.out.display());
        Ok(print(text)?)
    }
}
