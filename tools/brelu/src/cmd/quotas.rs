//! What the server's commands share about its clients: who they are, and how many inferences they may have.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, Result};
use brelu_host::keys::Access;
use brelu_host::quota::{Day, Limit, Quota};
use clap::Args;

/// The list of clients.
#[derive(Clone, Debug, Args)]
pub(crate) struct ListArgs {
    /// Clients that may connect: a line of a .pub file each, which may go on with total=N and day=N, the inferences a
    /// client may have in all and a day; read anew for every connection and inference
    #[arg(long, value_name = "FILE", default_value = "clients.txt", conflicts_with = "any_client")]
    clients: PathBuf,

    /// Let anybody connect who has a key; records grow by a line for every new one, and a new one has a quota of its own
    #[arg(long)]
    pub(crate) any_client: bool,
}

impl ListArgs {
    /// Who may connect.
    pub(crate) fn access(&self) -> Result<Access> {
        if self.any_client {
            return Ok(Access::Anybody);
        }
        Access::clients(&self.clients).context(
            "the list of clients that may connect is needed: one line of a .pub file each (or --any-client)",
        )
    }
}

/// How many inferences a client may have.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct QuotaArgs {
    /// Most inferences in all of a client whose line does not say total=N [default: unlimited]
    #[arg(long, value_name = "N", value_parser = limit)]
    quota_total: Option<Limit>,

    /// Most inferences a day (UTC) of a client whose line does not say day=N [default: unlimited]
    #[arg(long, value_name = "N", value_parser = limit)]
    quota_day: Option<Limit>,
}

impl QuotaArgs {
    /// The quota of clients whose lines say nothing.
    pub(crate) fn quota(&self) -> Quota {
        let [total, day] = [self.quota_total, self.quota_day].map(Option::unwrap_or_default);
        Quota { total, day }
    }
}

fn limit(text: &str) -> Result<Limit, String> {
    Limit::parse(text).ok_or_else(|| "neither a whole number of at least 1 nor `unlimited`".into())
}

/// What day it is by the system's clock.
pub(crate) fn today() -> Day {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Day::of(since.map_or(0, |since| since.as_secs()))
}
