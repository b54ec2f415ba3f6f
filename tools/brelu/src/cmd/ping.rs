use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use brelu::report::{print, print_json};
use brelu_host::client::ClientMemory;
use brelu_host::net::{self, ClientSession, Notice, Target};
use brelu_networks::numbers::seconds;
use clap::Args;
use serde::Serialize;

use super::arguments::{PatienceArgs, address};
use super::files::read_plan;
use super::party::ClientArgs;

/// Try whether a server answers this client, with this plan and its dealer
#[derive(Debug, Args)]
#[command(after_help = "\
Connects as brelu infer does, with the same keys, and hangs up: it costs no inference and counts against no quota. Says what \
is wrong if the server is not there, is somebody else, does not know this client or has another plan, or if its dealer is \
not there, and ends with the status that brelu infer would end with.

Examples:
  brelu ping --plan resnet20.plan
  brelu ping --plan resnet20.plan --server unix:/run/brelu/server.sock --json")]
pub(crate) struct Ping {
    /// The plan; the server has the same
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// Where the server is: HOST:PORT, or unix:PATH
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7601", value_parser = address)]
    server: String,

    /// Print JSON: the time in seconds
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    patience: PatienceArgs,
}

/// What a server that answers is like.
#[derive(Clone, Copy, Debug, Serialize)]
struct Answer {
    /// From the first packet to the end of the greeting, in which the dealer takes part.
    seconds: f64,
    prepared: usize,
    capacity: usize,
}

impl Ping {
    pub(crate) fn run(self) -> Result<()> {
        let plan = read_plan(&self.plan)?;
        let (patience, party) = (self.patience.patience(), self.client.party()?);
        let target = Target { plan, address: self.server.clone(), patience, party };
        let answer = net::runtime()?.block_on(async {
            let mut memory = ClientMemory::for_plan(plan);
            let quiet = |_: Notice| ();
            let start = Instant::now();
            let session = ClientSession::start(target, &mut memory, quiet).await?;
            let seconds = start.elapsed().as_secs_f64();
            let answer = Answer { seconds, prepared: session.prepared(), capacity: session.capacity() };
            // The answer is there; whether the server hears the good-bye does not matter.
            drop(session.close().await);
            Ok::<_, anyhow::Error>(answer)
        })?;
        Ok(if self.json { print_json(&answer) } else { print(self.text(&answer)) }?)
    }

    fn text(&self, answer: &Answer) -> String {
        format!(
            "the server at {} answered in {}: it has this plan and knows this client, and its dealer is there; {} of at most \
             {} inferences are prepared\n",
            self.server,
            seconds(answer.seconds),
            answer.prepared,
            answer.capacity
        )
    }
}
