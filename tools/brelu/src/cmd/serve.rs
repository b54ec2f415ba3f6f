use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use brelu_core::channel::Identity;
use brelu_host::net::Serving;
use brelu_host::plan_file::OwnedPlan;
use brelu_host::quota::Clock;
use brelu_host::records::Records;
use brelu_host::server::{Server, ServerModel, ServerOptions, ServerParty, weights_seed};
use brelu_host::state::{Limits, Ready};
use clap::{Args, ValueEnum};

use super::arguments::{address, positive, seconds, size};
use super::files::{read_plan, read_weights};
use super::listen::{LimitArgs, listen};
use super::party::{ReadersArgs, identity, public_key, records};
use super::quotas::{ListArgs, QuotaArgs, today};
use super::share::ShareArgs;

/// Run a server of one network: has the weights, never sees an image
#[derive(Debug, Args)]
#[command(after_help = "\
The server prints where it listens, connects to the dealer for every client, and logs sessions to standard error. \
SIGTERM or Ctrl-C lets sessions finish what they are doing and ends it.

A line of the list of clients is a key, a name and, if you like, a quota; `#` begins a comment:
  2f7c...e1 anna                    # the quota of --quota-total and --quota-day
  9b01...54 benno total=1000 day=50 # so many inferences in all and a day of UTC
  c3d8...0a carla day=unlimited     # no limit a day, whatever --quota-day says
Who is taken off the list is refused at its next preparation or inference. Where the server is busy, write a new list \
beside the old one and move it into its place. An inference counts before anything of it is used: a crash may cost one, \
and never gives one. An inference that a delegate runs for a device counts as the device's; a delegate whose own quota is \
used up prepares nothing for its devices either. brelu clients lists who had how many.

Example:
  brelu keygen server
  brelu serve --plan resnet20.plan --weights resnet20.weights --clients clients.txt --listen 0.0.0.0:7601 \\
      --dealer dealer.example.org:7602 --dealer-key dealer.pub")]
pub(crate) struct Serve {
    /// The server's private key, made with brelu keygen
    #[arg(long, value_name = "FILE", default_value = "server.key")]
    key: PathBuf,

    #[command(flatten)]
    readers: ReadersArgs,

    #[command(flatten)]
    list: ListArgs,

    #[command(flatten)]
    quotas: QuotaArgs,

    /// The dealer's public key: a file, or its 64 digits
    #[arg(long, value_name = "KEY", default_value = "dealer.pub")]
    dealer_key: String,

    /// Folder for what has to survive a restart [default: beside the key, with the ending .state]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,

    /// Where prepared inferences are kept
    #[arg(long, value_enum, default_value = "memory")]
    store: Store,

    /// Most bytes of prepared inferences of one client; K, M and G are understood
    #[arg(long, value_name = "BYTES", default_value = "4G", value_parser = size)]
    client_bytes: u64,

    /// Most bytes of prepared inferences of all clients
    #[arg(long, value_name = "BYTES", default_value = "8G", value_parser = size)]
    store_bytes: u64,

    /// Most sessions one client may have at a time
    #[arg(long, value_name = "N", default_value = "8", value_parser = positive)]
    sessions: usize,

    /// The plan; clients need the same file
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// The weights that belong to it
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,

    /// Where to listen: HOST:PORT (port 0 picks a free one), or unix:PATH
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7601")]
    listen: String,

    /// Address and port of the dealer
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7602", value_parser = address)]
    dealer: String,

    /// Seconds to wait for the dealer if it does not listen yet
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    wait: Duration,

    /// Most inferences a client may have prepared ahead
    #[arg(long, value_name = "N", default_value = "8", value_parser = positive)]
    ready: usize,

    /// Seconds after which a client that does nothing is let go
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    idle: Duration,

    #[command(flatten)]
    share: ShareArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

/// Where prepared inferences are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    /// In memory, until the server ends or the client was away for as long as --idle says
    #[default]
    Memory,
    /// In the state folder, encrypted: they survive restarts, and the server holds one layer's messages at a time
    Disk,
}

impl Store {
    /// What the command line calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
        }
    }
}

impl Serve {
    pub(crate) fn run(self) -> Result<()> {
        let plan = read_plan(&self.plan)?;
        self.share.limits().server(plan)?;
        let weights = read_weights(plan, &self.weights)?;
        let identity = identity(&self.key, self.readers)?;
        let clients = self.list.access()?;
        let dealer = public_key("dealer", &self.dealer_key)?;
        let records = records(self.state.as_deref(), &self.key)?;
        let seed = weights_seed(&identity, plan, &weights);
        let ready = self.store(&records, &identity)?;
        let (epochs, generations, usage) = (records.epochs()?, records.generations()?, records.usage()?);
        let party = ServerParty { identity, dealer, clients, epochs, generations, ready, usage };
        let (runtime, listener) = listen(&self.listen)?;
        let model = Arc::new(ServerModel::new(Arc::new(OwnedPlan::copy(plan)?), weights, seed)?);
        let options = ServerOptions {
            timeout: self.limits.timeout,
            idle: self.idle,
            ready: self.ready,
            sessions: self.sessions,
            linger: (self.store == Store::Memory).then_some(self.idle),
            quota: self.quotas.quota(),
            clock: Clock::new(today),
            observer: self.limits.observer(),
        };
        let server = Server::new(model, party, options);
        let serving = Serving { server, dealer: self.dealer, wait: self.wait };
        self.limits.serve(runtime, listener, "client", Arc::new(serving))
    }

    fn store(&self, records: &Records, identity: &Identity) -> Result<Ready> {
        let limits = Limits { items: self.ready, peer_bytes: self.client_bytes, bytes: self.store_bytes };
        match self.store {
            Store::Memory => Ok(Ready::memory(limits)),
            Store::Disk => Ok(records.ready(identity, limits)?),
        }
    }
}
