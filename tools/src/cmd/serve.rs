use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use brelu_host::error::SessionError;
use brelu_host::keys::random_key;
use brelu_host::server::{Server, ServerModel, ServerOptions};
use brelu_tools::net::{Service, connect};
use clap::Args;
use tokio::net::TcpStream;

use super::arguments::{positive, seconds};
use super::files::{read_plan, read_weights};
use super::listen::{LimitArgs, listen};

/// Run a server of one network: has the weights, never sees an image
#[derive(Debug, Args)]
#[command(after_help = "\
The server prints where it listens, connects to the dealer for every client, and logs sessions to standard error. \
Ctrl-C ends it.

Example:
  brelu serve --plan resnet20.plan --weights resnet20.weights --listen 0.0.0.0:7601 --dealer dealer.example.org:7602")]
pub(crate) struct Serve {
    /// The plan; clients need the same file
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// The weights that belong to it
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,

    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7601")]
    listen: String,

    /// Address and port of the dealer
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7602")]
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
    limits: LimitArgs,
}

/// Where the dealer is.
#[derive(Clone)]
struct DealerAddress {
    address: Arc<str>,
    wait: Duration,
    service: Service,
}

impl Serve {
    pub(crate) fn run(self) -> Result<()> {
        let plan = read_plan(&self.plan)?;
        let weights = read_weights(plan, &self.weights)?;
        let (runtime, listener) = listen(&self.listen)?;
        let model = Arc::new(ServerModel::new(plan, weights, random_key()?)?);
        let options = ServerOptions { timeout: self.limits.timeout, idle: self.idle, ready: self.ready };
        let server = Arc::new(Server::new(model, options));
        let service = self.limits.service("client");
        let dealer = DealerAddress { address: self.dealer.into(), wait: self.wait, service };
        let session = move |stream| session(server.clone(), stream, dealer.clone());
        self.limits.serve(runtime, &listener, service, session)
    }
}

async fn session(server: Arc<Server>, stream: TcpStream, dealer: DealerAddress) -> Result<(), SessionError> {
    let (reader, writer) = stream.into_split();
    let reach = async || {
        let DealerAddress { address, wait, service } = &dealer;
        let waiting = || service.note(format_args!("waiting for the dealer at {address}"));
        Ok(connect("dealer", address, *wait, waiting).await?.into_split())
    };
    server.serve(reader, writer, reach).await
}
