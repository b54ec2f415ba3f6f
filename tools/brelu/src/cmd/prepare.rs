use std::path::PathBuf;

use anyhow::{Result, ensure};
use brelu::report::{Bar, print};
use brelu_host::client::ClientMemory;
use brelu_host::net::{self, ClientSession, Target};
use clap::Args;

use super::arguments::{PatienceArgs, address, positive};
use super::files::read_plan;
use super::infer::tell;
use super::party::ClientArgs;
use super::share::ShareArgs;

/// Do the offline part of inferences ahead of time
#[derive(Debug, Args)]
#[command(after_help = "\
What is prepared is used by later calls of brelu infer with the same key, which then only do the online part. Each \
prepared inference is used once: the dealer records that it is, so server and dealer have to be up then as well. The server keeps as many as its --ready says, across its restarts if it was started with \
--store disk.

Example:
  brelu prepare --plan resnet20.plan --count 4 && brelu infer --plan resnet20.plan cat.png")]
pub(crate) struct Prepare {
    /// The plan; the server has the same
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// Address and port of the server
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7601", value_parser = address)]
    server: String,

    /// How many prepared inferences there are to be
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    count: usize,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    share: ShareArgs,

    #[command(flatten)]
    patience: PatienceArgs,
}

impl Prepare {
    pub(crate) fn run(self) -> Result<()> {
        let plan = read_plan(&self.plan)?;
        self.share.limits().client(plan)?;
        let party = self.client.party()?;
        let patience = self.patience.patience();
        let target = Target { plan, address: self.server.clone(), patience, party };
        let prepared = net::runtime()?.block_on(async {
            let bar = Bar::new(plan.len() as u64, "preparing");
            let mut memory = ClientMemory::for_plan(plan);
            let mut session = ClientSession::start(target, &mut memory, |notice| tell(&bar, notice)).await?;
            let mut step = |done: usize, of: usize| bar.at(done as u64, of as u64);
            session.prepare(self.count, &mut step).await?;
            let prepared = session.prepared();
            // What is prepared is recorded at both ends; whether the server hears the good-bye does not matter.
            drop(session.close().await);
            Ok::<_, anyhow::Error>(prepared)
        })?;
        print(format_args!(
            "{prepared} inferences are prepared; using them takes the server and its dealer, which records that none is used \
             twice\n"
        ))?;
        ensure!(
            prepared >= self.count,
            "the server keeps no more than {prepared} prepared inferences of a client"
        );
        Ok(())
    }
}
