use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use brelu::process::stopped;
use brelu::report::{note, print};
use brelu::trial::reply;
use brelu_host::event::Observer;
use brelu_host::net;
use clap::Args;

use super::super::arguments::PatienceArgs;
use super::super::files::read_plan;
use super::super::party::ClientArgs;

/// A client for trials: prints a line of JSON for every inference, and what it reports on standard error
#[derive(Debug, Args)]
pub(crate) struct Client {
    /// The plan
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// Inputs in the plan's fixed point: lists of numbers in JSON
    #[arg(long, value_name = "FILE")]
    inputs: PathBuf,

    /// Address and port of the server
    #[arg(long, value_name = "ADDRESS")]
    server: String,

    /// The first picture
    #[arg(long, value_name = "N", default_value = "0")]
    from: usize,

    /// How many pictures [default: no end]
    #[arg(long, value_name = "N")]
    count: Option<usize>,

    /// Inferences in one session
    #[arg(long, value_name = "N", default_value = "3")]
    session: usize,

    /// End when standard input ends
    #[arg(long)]
    with_parent: bool,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    patience: PatienceArgs,
}

impl Client {
    pub(crate) fn run(self) -> Result<()> {
        let plan = read_plan(&self.plan)?;
        let text = std::fs::read_to_string(&self.inputs)
            .with_context(|| format!("cannot read {}", self.inputs.display()))?;
        let inputs: Vec<Vec<u32>> = serde_json::from_str(&text)
            .with_context(|| format!("{} does not list inputs", self.inputs.display()))?;
        ensure!(!inputs.is_empty(), "{} has no input", self.inputs.display());
        let observer = Observer::new(|event| note(format_args!("{event}")));
        let client = reply::Client {
            plan,
            address: self.server,
            patience: self.patience.patience(),
            party: self.client.observed(observer)?,
            inputs,
            session: self.session,
        };
        let end = self.count.map_or(usize::MAX, |count| self.from.saturating_add(count));
        let mut failed = None;
        let mut tell = |reply: reply::Reply| {
            let line = serde_json::json!(reply);
            failed = failed.take().or(print(format_args!("{line}\n")).err());
        };
        let runtime = net::runtime()?;
        runtime.block_on(async {
            tokio::select! {
                () = client.run(self.from, end, &mut tell) => {}
                () = stopped(true), if self.with_parent => {}
            }
        });
        runtime.shutdown_background();
        Ok(failed.map_or(Ok(()), Err)?)
    }
}
