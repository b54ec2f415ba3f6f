use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use brelu_host::dealer::{Dealer, DealerOptions, DealerParty};
use brelu_host::keys::Access;
use brelu_host::limits::machine_memory;
use clap::Args;

use super::arguments::{positive, seconds, size};
use super::listen::{LimitArgs, listen};
use super::party::{epochs, identity, state_folder};
use super::share::WorkArgs;

/// Run a dealer: gives servers correlated randomness, knows neither images nor weights
#[derive(Debug, Args)]
#[command(after_help = "\
Whoever runs the dealer must collude neither with the server nor with clients. It prints where it listens and logs \
sessions to standard error. SIGTERM or Ctrl-C lets sessions finish what they are doing and ends it.

Example:
  brelu keygen dealer
  brelu deal --servers servers.txt --listen 0.0.0.0:7602")]
pub(crate) struct Deal {
    /// The dealer's private key, made with brelu keygen
    #[arg(long, value_name = "FILE", default_value = "dealer.key")]
    key: PathBuf,

    /// Servers that may connect: a line of a .pub file each; read anew for every connection
    #[arg(long, value_name = "FILE", default_value = "servers.txt")]
    servers: PathBuf,

    /// Clients whom servers may introduce, like --servers [default: any]
    #[arg(long, value_name = "FILE")]
    clients: Option<PathBuf>,

    /// Folder for what has to survive a restart [default: beside the key, with the ending .state]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,

    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7602")]
    listen: String,

    /// Seconds after which a session in which nothing happens is ended
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    idle: Duration,

    /// Most models whose shares are kept in memory
    #[arg(long, value_name = "N", default_value = "16", value_parser = positive)]
    models: usize,

    /// Most bytes of a plan that a server may bring; K, M and G are understood
    #[arg(long, value_name = "BYTES", default_value = "16M", value_parser = size)]
    plan_bytes: u64,

    /// Most bytes of a model's weight shares that a server may bring (some 4 bytes a weight)
    #[arg(long, value_name = "BYTES", default_value = "1G", value_parser = size)]
    model_bytes: u64,
    /// Most bytes of memory that the plan of a server may take, with its weights and while one inference is dealt; K, M and
    /// G are understood. All computations together take as many at most: beyond that they wait for each other [default: a
    /// quarter of this machine's memory]
    #[arg(long, value_name = "BYTES", value_parser = size)]
    plan_memory: Option<u64>,

    #[command(flatten)]
    work: WorkArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

impl Deal {
    pub(crate) fn run(self) -> Result<()> {
        let identity = identity(&self.key)?;
        let servers = Access::file(&self.servers)
            .context("the list of servers that may connect is needed: one line of a .pub file each")?;
        let clients = self.clients.as_deref().map_or(Ok(Access::Anybody), Access::file)?;
        let folder = state_folder(self.state.as_deref(), &self.key)?;
        let party = DealerParty {
            identity,
            servers,
            clients,
            epochs: epochs(&folder)?,
            models: Some(state_folder(Some(&folder.join("models")), &self.key)?),
        };
        let (runtime, listener) = listen(&self.listen)?;
        let options = DealerOptions {
            timeout: self.limits.timeout,
            idle: self.idle,
            models: self.models,
            plan_bytes: self.plan_bytes,
            model_bytes: self.model_bytes,
            limits: self.work.limits(self.plan_memory.unwrap_or_else(|| machine_memory() / 4)),
            observer: self.limits.observer(),
        };
        self.limits.serve(runtime, listener, "server", Arc::new(Dealer::new(party, options)))
    }
}
