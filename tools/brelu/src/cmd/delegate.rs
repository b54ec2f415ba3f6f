use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use brelu_host::delegate::{self, DelegateOptions, DelegateParty};
use brelu_host::keys::Access;
use brelu_host::net::Delegating;
use clap::Args;

use super::arguments::{address, positive, seconds};
use super::files::read_plan;
use super::listen::{LimitArgs, listen};
use super::party::ClientArgs;
use super::share::ShareArgs;

/// Walk a network for devices that keep their input and result to themselves
#[derive(Debug, Args)]
#[command(after_help = "\
A delegate is the client towards server and dealer, and works for devices that are too small for the network: a device \
masks its input for the server and opens its result, the delegate does everything between and learns neither. It must \
not collude with the server: the two together recover a device's input.

Every device also has to be on the server's list of clients, where its own quota may stand. It prints where it listens and logs sessions to standard \
error. SIGTERM or Ctrl-C lets sessions finish what they are doing and ends it.

Example:
  brelu keygen delegate
  brelu delegate --key delegate.key --plan squeezenet.plan --devices devices.txt --listen 0.0.0.0:7603")]
pub(crate) struct Delegate {
    /// The plan; server and devices have the same
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// Devices that may connect: a line of a .pub file each; read anew for every connection and inference
    #[arg(long, value_name = "FILE", default_value = "devices.txt")]
    devices: PathBuf,

    /// Where to listen: HOST:PORT (port 0 picks a free one), or unix:PATH
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7603")]
    listen: String,

    /// Address and port of the server
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7601", value_parser = address)]
    server: String,

    /// Seconds to wait for the server if it does not listen yet
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    wait: Duration,

    /// Inferences prepared ahead for every connected device
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    ahead: usize,

    /// Seconds after which a device that does nothing is let go
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    idle: Duration,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    share: ShareArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

impl Delegate {
    pub(crate) fn run(self) -> Result<()> {
        let plan = read_plan(&self.plan)?;
        let share = self.share.limits();
        share.client(plan)?;
        let devices = Access::file(&self.devices)
            .context("the list of devices that may connect is needed: one line of a .pub file each")?;
        let client = self.client.observed(self.limits.observer())?;
        let (runtime, listener) = listen(&self.listen)?;
        let options = DelegateOptions {
            timeout: self.limits.timeout,
            idle: self.idle,
            ahead: self.ahead,
            limits: share,
        };
        let delegate = delegate::Delegate::new(plan, DelegateParty { client, devices }, options);
        let delegating = Delegating { delegate, server: self.server, wait: self.wait };
        self.limits.serve(runtime, listener, "device", Arc::new(delegating))
    }
}
