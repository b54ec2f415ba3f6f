//! A server and a dealer as child processes.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use brelu_tools::net::{Party, peak_memory};
use brelu_tools::report::bytes;
use serde::Serialize;

/// A server and a dealer on free ports of this machine.
#[derive(Debug)]
pub(crate) struct Parties {
    server: Party,
    dealer: Party,
}

/// The most memory each process used.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct PeakMemory {
    client: Option<u64>,
    server: Option<u64>,
    dealer: Option<u64>,
}

const FREE_PORT: &str = "127.0.0.1:0";

impl Parties {
    /// Starts both.
    pub(crate) fn start(plan: &Path, weights: &Path, jobs: usize, timeout: Duration) -> Result<Self> {
        let common = |args: &[&str]| -> Vec<OsString> {
            let (timeout, jobs) = (timeout.as_secs_f64().to_string(), jobs.to_string());
            let limits = ["--timeout", &timeout, "--max-clients", &jobs, "--listen", FREE_PORT];
            args.iter().chain(&limits).map(OsString::from).collect()
        };
        let dealer = Party::start("dealer", common(&["deal"]))?;
        let mut serve = common(&["serve", "--dealer", dealer.address()]);
        serve.extend(["--plan".into(), plan.into(), "--weights".into(), weights.into()]);
        let server = Party::start("server", serve)?;
        Ok(Self { server, dealer })
    }

    /// Where the server listens.
    pub(crate) fn server(&self) -> &str {
        self.server.address()
    }

    /// What the processes used so far.
    pub(crate) fn peak_memory(&self) -> PeakMemory {
        PeakMemory {
            client: peak_memory(std::process::id()),
            server: peak_memory(self.server.id()),
            dealer: peak_memory(self.dealer.id()),
        }
    }
}

impl fmt::Display for PeakMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |memory: Option<u64>| memory.map_or("unknown".to_owned(), bytes);
        let [client, server, dealer] = [self.client, self.server, self.dealer].map(text);
        write!(f, "client {client}, server {server}, dealer {dealer}")
    }
}
