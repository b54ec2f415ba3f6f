use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use brelu_host::dealer::{Dealer, DealerOptions, DealerParty, ServerShare};
use brelu_host::keys::Access;
use brelu_host::limits::machine_memory;
use clap::Args;

use super::arguments::{positive, seconds, size};
use super::listen::{LimitArgs, listen};
use super::party::{ReadersArgs, identity, records};
use super::share::WorkArgs;

/// Run a dealer: gives servers correlated randomness, knows neither images nor weights
#[derive(Debug, Args)]
#[command(mut_arg("max_clients", |most| most.default_value("256")), after_help = "\
Whoever runs the dealer must collude neither with the server nor with clients. It prints where it listens and logs \
sessions to standard error. SIGTERM or Ctrl-C lets sessions finish what they are doing and ends it.

Example:
  brelu keygen dealer
  brelu deal --servers servers.txt --listen 0.0.0.0:7602")]
pub(crate) struct Deal {
    /// The dealer's private key, made with brelu keygen
    #[arg(long, value_name = "FILE", default_value = "dealer.key")]
    key: PathBuf,

    #[command(flatten)]
    readers: ReadersArgs,

    /// Servers that may connect: a line of a .pub file each; read anew for every connection and deal
    #[arg(long, value_name = "FILE", default_value = "servers.txt")]
    servers: PathBuf,

    /// Clients whom servers may introduce, like --servers; quotas behind the names are the server's concern [default: any]
    #[arg(long, value_name = "FILE")]
    clients: Option<PathBuf>,

    /// Folder for what has to survive a restart [default: beside the key, with the ending .state]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,

    /// Where to listen: HOST:PORT (port 0 picks a free one), or unix:PATH
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7602")]
    listen: String,

    /// Seconds after which a session in which nothing happens is ended
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    idle: Duration,

    /// Most models whose shares are kept in memory, and on disk four times as many; the least recently used ones leave and
    /// are fetched again
    #[arg(long, value_name = "N", default_value = "16", value_parser = positive)]
    models: usize,

    /// Most bytes of a plan that a server may bring; K, M and G are understood
    #[arg(long, value_name = "BYTES", default_value = "16M", value_parser = size)]
    plan_bytes: u64,

    /// Most bytes of memory that the plan of a server may take, with its weights and while one inference is dealt; K, M and
    /// G are understood. All computations together take as many at most: beyond that they wait for each other [default: a
    /// quarter of this machine's memory]
    #[arg(long, value_name = "BYTES", value_parser = size)]
    plan_memory: Option<u64>,

    #[command(flatten)]
    work: WorkArgs,

    /// Most sessions of one server at a time [default: a quarter of --max-clients, or 16 where that is less]
    #[arg(long, value_name = "N", value_parser = positive)]
    server_sessions: Option<usize>,

    /// Most models of one server in memory, and on disk four times as many
    #[arg(long, value_name = "N", default_value = "4", value_parser = positive)]
    server_models: usize,

    /// Most bytes of one server's models in memory, and on disk four times as many; K, M and G are understood
    #[arg(long, value_name = "BYTES", default_value = "4G", value_parser = size)]
    server_bytes: u64,

    /// Most clients one server may introduce; they are remembered for good
    #[arg(long, value_name = "N", default_value = "65536", value_parser = positive)]
    server_clients: usize,

    #[command(flatten)]
    limits: LimitArgs,
}

/// Sessions that any server may have, if the dealer takes as many: a dealer of few sessions has few servers.
const FEW_SESSIONS: usize = 16;

impl Deal {
    pub(crate) fn run(self) -> Result<()> {
        let identity = identity(&self.key, self.readers)?;
        let servers = Access::file(&self.servers)
            .context("the list of servers that may connect is needed: one line of a .pub file each")?;
        let clients = self.clients.as_deref().map_or(Ok(Access::Anybody), Access::clients)?;
        let records = records(self.state.as_deref(), &self.key)?;
        let party = DealerParty {
            identity,
            servers,
            clients,
            epochs: records.epochs()?,
            generations: records.generations()?,
            models: Some(records.models()?),
        };
        let (runtime, listener) = listen(&self.listen)?;
        let options = DealerOptions {
            timeout: self.limits.timeout,
            idle: self.idle,
            models: self.models,
            plan_bytes: self.plan_bytes,
            limits: self.work.limits(self.plan_memory.unwrap_or_else(|| machine_memory() / 4)),
            share: self.share(),
            observer: self.limits.observer(),
        };
        self.limits.serve(runtime, listener, "server", Arc::new(Dealer::new(party, options)))
    }

    fn share(&self) -> ServerShare {
        ServerShare {
            sessions: self.server_sessions.unwrap_or((self.limits.max_clients / 4).max(FEW_SESSIONS)),
            models: self.server_models,
            bytes: self.server_bytes,
            clients: self.server_clients,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        deal: Deal,
    }

    #[test]
    fn a_dealer_of_few_sessions_gives_a_server_all_of_them() {
        let sessions = |line: &str| Line::parse_from(line.split(' ')).deal.share().sessions;
        assert_eq!(sessions("deal --max-clients 2"), 16);
        assert_eq!(sessions("deal --max-clients 256"), 64);
        assert_eq!(sessions("deal --max-clients 256 --server-sessions 3"), 3);
    }
}
