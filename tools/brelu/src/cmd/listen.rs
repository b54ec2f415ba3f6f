//! What the server's and the dealer's commands share: listening, serving, stopping.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use brelu::process::{LISTENING, stopped};
use brelu::report::{note, print};
use brelu_host::event::Observer;
use brelu_host::net::{self, Host, Listener, Service, bind};
use clap::Args;
use tokio::runtime::Runtime;

use super::arguments::{positive, seconds};

/// Limits of a service.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct LimitArgs {
    /// Seconds a peer may be silent in the middle of a message
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) timeout: Duration,

    /// Most sessions at a time; further peers are told to come back later
    #[arg(long, value_name = "N", default_value = "64", value_parser = positive)]
    pub(crate) max_clients: usize,

    /// Seconds that sessions may take to finish after a request to stop
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) grace: Duration,

    /// Do not log sessions to standard error
    #[arg(long)]
    pub(crate) quiet: bool,

    /// End when standard input ends (for programs that start this one)
    #[arg(long, hide = true)]
    pub(crate) with_parent: bool,
}

impl LimitArgs {
    /// The service of `peer`s.
    pub(crate) fn service(&self, peer: &'static str) -> Service {
        let log = if self.quiet { |_: std::fmt::Arguments<'_>| () } else { note };
        Service { peer, most: self.max_clients, grace: self.grace, log }
    }

    /// Logs what a party reports.
    pub(crate) fn observer(&self) -> Observer {
        match self.quiet {
            true => Observer::default(),
            false => Observer::new(|event| note(format_args!("{event}"))),
        }
    }

    /// Says where it listens and serves until it is told to stop.
    pub(crate) fn serve(
        &self,
        runtime: Runtime,
        listener: Listener,
        peer: &'static str,
        host: Arc<impl Host>,
    ) -> Result<()> {
        print(format_args!("{LISTENING}{}\n", listener.address()))?;
        runtime.block_on(self.service(peer).run(listener, host, stopped(self.with_parent)));
        // Sessions that took too long end here; their peers see the connection close.
        runtime.shutdown_background();
        Ok(())
    }
}

/// A runtime, and a listener on it.
pub(crate) fn listen(address: &str) -> Result<(Runtime, Listener)> {
    let runtime = net::runtime()?;
    let listener = runtime.block_on(bind(address))?;
    Ok((runtime, listener))
}
