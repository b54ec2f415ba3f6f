//! A server and a dealer as child processes.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use brelu::process::{PartyProcess, peak_memory};
use brelu_host::client::ClientParty;
use brelu_host::keys::{create_identity, public_line};
use brelu_networks::numbers::bytes;
use serde::Serialize;
use tempfile::TempDir;

use super::files::{Access, write_all};
use super::serve::Store;

/// A server and a dealer on free ports of this machine, and the client they know.
#[derive(Debug)]
pub(crate) struct Parties {
    server: PartyProcess,
    dealer: PartyProcess,
    client: Arc<ClientParty>,
    /// Their keys and records, gone with them.
    _folder: TempDir,
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
    /// Starts both. `store` is where the server keeps what is prepared.
    pub(crate) fn start(
        plan: &Path,
        weights: &Path,
        jobs: usize,
        timeout: Duration,
        store: Store,
    ) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let at = |name: &str| folder.path().join(name);
        let identity = |name: &str| create_identity(&at(name));
        let (server_identity, dealer_identity) = (identity("server.key")?, identity("dealer.key")?);
        let (server_key, dealer_key) = (*server_identity.public(), *dealer_identity.public());
        let client = identity("client.key")?;
        write_all(&[
            (at("servers.txt"), Access::Private, public_line(&server_key, "server").as_bytes()),
            (at("clients.txt"), Access::Private, public_line(client.public(), "client").as_bytes()),
        ])?;
        let common = |args: &[&str], files: &[(&str, &str)]| -> Vec<OsString> {
            let (timeout, jobs) = (timeout.as_secs_f64().to_string(), jobs.to_string());
            let limits = ["--timeout", &timeout, "--max-clients", &jobs, "--listen", FREE_PORT];
            let files = files.iter().flat_map(|(flag, name)| [OsString::from(flag), at(name).into()]);
            args.iter().chain(&limits).map(OsString::from).chain(files).collect()
        };
        let files = [("--key", "dealer.key"), ("--servers", "servers.txt")];
        let mut deal = common(&["deal"], &files);
        deal.extend(["--server-sessions".into(), jobs.to_string().into()]);
        let dealer = PartyProcess::start("dealer", deal)?;
        let (trusted, ready) = (dealer_key.to_string(), jobs.max(8).to_string());
        let jobs = jobs.to_string();
        let serve = [
            "serve",
            "--dealer",
            dealer.address(),
            "--dealer-key",
            &trusted,
            "--sessions",
            &jobs,
            "--ready",
            &ready,
            "--store",
            store.name(),
        ];
        let mut serve = common(&serve, &[("--key", "server.key"), ("--clients", "clients.txt")]);
        serve.extend(["--plan".into(), plan.into(), "--weights".into(), weights.into()]);
        let server = PartyProcess::start("server", serve)?;
        let client = Arc::new(ClientParty::in_memory(client, server_key, dealer_key));
        Ok(Self { server, dealer, client, _folder: folder })
    }

    /// The client that the server knows.
    pub(crate) fn client(&self) -> Arc<ClientParty> {
        self.client.clone()
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
