use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use brelu_host::dealer::{Dealer, DealerOptions};
use clap::Args;

use super::arguments::{positive, seconds};
use super::listen::{LimitArgs, listen};

/// Run a dealer: gives servers correlated randomness, knows neither images nor weights
#[derive(Debug, Args)]
#[command(after_help = "\
A dealer needs no files. Whoever runs it must collude neither with the server nor with clients.

Example:
  brelu deal --listen 0.0.0.0:7602")]
pub(crate) struct Deal {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7602")]
    listen: String,

    /// Seconds after which a session in which nothing happens is ended
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    idle: Duration,

    /// Most models whose shares are kept in memory
    #[arg(long, value_name = "N", default_value = "16", value_parser = positive)]
    models: usize,

    #[command(flatten)]
    limits: LimitArgs,
}

impl Deal {
    pub(crate) fn run(self) -> Result<()> {
        let (runtime, listener) = listen(&self.listen)?;
        let options = DealerOptions { timeout: self.limits.timeout, idle: self.idle, models: self.models };
        let dealer = Arc::new(Dealer::new(options));
        self.limits.serve(runtime, &listener, self.limits.service("server"), move |stream| {
            let (reader, writer) = stream.into_split();
            dealer.clone().serve(reader, writer)
        })
    }
}
