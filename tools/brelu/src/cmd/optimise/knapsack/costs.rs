use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use brelu_budget::knapsack::{CostModel, Formats, Link, Phase, Profile, Timing};
use clap::{Args, ValueEnum};

use crate::cmd::files::read_plan;

/// What costs are counted in, and what they depend on.
#[derive(Clone, Debug, Args)]
pub(super) struct CostArgs {
    /// What a budget is counted in
    #[arg(long, value_enum, default_value_t = Cost::Drelus)]
    cost: Cost,

    /// Bits K of activations, n of pre-activations and w of comparison windows in every layer
    #[arg(long, value_name = "K,n,w", default_value = "24,12,6", value_parser = format)]
    format: Formats,

    /// Take each layer's format from a compiled plan of the network instead
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    plan: Option<PathBuf>,

    /// For --cost seconds: bandwidth and round trip between every two parties, for example 100Mbit/20ms
    #[arg(long, value_name = "LINK")]
    link: Option<Link>,

    /// For --cost seconds: which part of an inference is timed
    #[arg(long, value_enum, default_value_t = Part::Total)]
    phase: Part,

    /// For --cost seconds: times of computation that `brelu bench profile` wrote [default: built-in]
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
}

/// Units of costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Cost {
    /// Sign decisions
    Drelus,
    /// Bytes of the activation layers, all parties and both phases
    Bytes,
    /// Time of the activation layers on a link
    Seconds,
}

/// Parts of an inference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From the input to the output
    Online,
    /// The preparation before the input too
    Total,
}

impl CostArgs {
    pub(super) fn model(&self) -> Result<CostModel> {
        let formats = match &self.plan {
            Some(path) => Formats::of_plan(read_plan(path)?),
            None => self.format.clone(),
        };
        if self.cost != Cost::Seconds {
            ensure!(
                self.link.is_none() && self.profile.is_none(),
                "--link and --profile are for costs in seconds: give --cost seconds, or leave them out"
            );
        }
        Ok(match self.cost {
            Cost::Drelus => CostModel::drelus(formats),
            Cost::Bytes => CostModel::bytes(formats),
            Cost::Seconds => CostModel::seconds(formats, self.timing()?),
        })
    }

    fn timing(&self) -> Result<Timing> {
        let link = self.link.context("--cost seconds needs a --link, for example --link 100Mbit/20ms")?;
        let phase = if self.phase == Part::Online { Phase::Online } else { Phase::Total };
        let profile = self.profile.as_deref().map(Profile::read).transpose()?.unwrap_or_default();
        Ok(Timing { link, phase, profile })
    }
}

fn format(text: &str) -> Result<Formats, String> {
    let numbers: Option<Vec<u8>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[k, n, w]) => Formats::uniform(k, n, w).map_err(|error| error.to_string()),
        _ => Err("write it as K,n,w, for example 24,12,6".into()),
    }
}
