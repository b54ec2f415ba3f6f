//! A server and a dealer in processes of their own, with their records on disk, and clients that they know.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::{Identity, PublicKey};
use brelu_core::plan::Plan;
use brelu_host::client::{CLIENT_LIMITS, ClientParty};
use brelu_host::keys::{create_identity, public_line, read_identity};
use brelu_host::state::{Epochs, Ready};
use brelu_host::weights::Weights;
use tempfile::TempDir;

use super::TrialError;
use super::gate::Gate;
use super::keeper::{Keeper, Recipe};
use super::numbers::{Numbers, Reporter};
use super::trap::Trap;
use brelu_world::Route;

/// How the parties of a deployment are started.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// Silence that ends a session.
    pub(super) timeout: Duration,
    /// Further arguments of the server.
    pub(super) server: Vec<String>,
    /// Further arguments of the dealer.
    pub(super) dealer: Vec<String>,
    /// Where both listen.
    pub(super) listen: Ipv4Addr,
}

/// The network of a deployment.
#[derive(Debug)]
pub(super) struct Goods<'a> {
    /// The plan.
    pub(super) plan: &'a Plan<'a>,
    /// Its weights.
    pub(super) weights: &'a Weights,
    /// Inputs of clients in processes of their own, as JSON.
    pub(super) inputs: String,
}

impl Setup {
    /// Parties that are patient for `timeout`, and keep two prepared inferences of a client.
    pub(super) fn patient(timeout: Duration) -> Self {
        let idle = (3 * timeout).as_secs_f64().to_string();
        Self {
            timeout,
            server: ["--ready", "2", "--idle", &idle].map(str::to_owned).to_vec(),
            dealer: ["--idle", &idle].map(str::to_owned).to_vec(),
            listen: Ipv4Addr::LOCALHOST,
        }
    }
}

/// The parties.
#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) server: Arc<Keeper>,
    pub(super) dealer: Arc<Keeper>,
    pub(super) numbers: Numbers,
    /// On the links that have gates.
    pub(super) trap: Arc<Trap>,
    /// Between server and dealer, if there is one.
    pub(super) behind: Option<Gate>,
    /// Between clients and server, if there is one.
    pub(super) before: Option<Gate>,
    keys: [PublicKey; 2],
    /// Keys and records, gone with the parties.
    folder: TempDir,
}

impl Deployment {
    /// Starts both; with a gate on each link if there is a runtime for them.
    pub(super) fn start(
        goods: &Goods<'_>,
        setup: &Setup,
        gates: Option<&tokio::runtime::Handle>,
    ) -> Result<Self, TrialError> {
        let (folder, numbers) = (tempfile::tempdir()?, Numbers::default());
        let at = |name: &str| folder.path().join(name);
        let server_key = *create_identity(&at("server.key"))?.public();
        let dealer_key = *create_identity(&at("dealer.key"))?.public();
        fs::write(at("subject.plan"), goods.plan.bytes())?;
        fs::write(at("subject.weights"), &*goods.weights.to_bytes())?;
        fs::write(at("inputs.json"), &goods.inputs)?;
        fs::write(at("servers.txt"), public_line(&server_key, "server"))?;
        fs::write(at("clients.txt"), "")?;
        let dealer = Arc::new(Keeper::start_on(dealer(setup, folder.path()), &numbers, setup.listen)?);
        let trap = Arc::<Trap>::default();
        let gate = |there, keeper: &Arc<Keeper>| {
            let target = keeper.address().to_owned();
            gates.map(|handle| Gate::open(there, target, trap.clone(), handle)).transpose()
        };
        let behind = gate(Route::ServerDealer, &dealer)?;
        let reach = behind.as_ref().map_or(dealer.address(), Gate::address);
        let server = server(setup, folder.path(), reach, &dealer_key);
        let server = Arc::new(Keeper::start_on(server, &numbers, setup.listen)?);
        let before = gate(Route::ClientServer, &server)?;
        Ok(Self { server, dealer, numbers, trap, behind, before, keys: [server_key, dealer_key], folder })
    }

    /// Where clients connect.
    pub(super) fn address(&self) -> &str {
        self.before.as_ref().map_or(self.server.address(), Gate::address)
    }

    /// The keys of server and dealer.
    pub(super) fn keys(&self) -> [PublicKey; 2] {
        self.keys
    }

    /// Makes a client that the server knows, with a key in `NAME.key`.
    pub(super) fn admit(&self, name: &str) -> Result<Identity, TrialError> {
        let identity = create_identity(&self.at(&format!("{name}.key")))?;
        let mut list = OpenOptions::new().append(true).open(self.at("clients.txt"))?;
        list.write_all(public_line(identity.public(), name).as_bytes())?;
        Ok(identity)
    }

    /// A client of this process with its records on disk.
    pub(super) fn client(&self, name: &str) -> Result<Arc<ClientParty>, TrialError> {
        let identity = self.admit(name)?;
        let state = self.at(&format!("{name}.state"));
        fs::create_dir(&state)?;
        let epochs = Epochs::open(&state.join("epochs"))?;
        let ready = Ready::disk(&state.join("ready"), identity.derive("brelu store", &[]), CLIENT_LIMITS)?;
        let [server, dealer] = self.keys;
        let party = ClientParty::new(identity, server, dealer, epochs, ready);
        Ok(Arc::new(party.observed(self.numbers.observer(Reporter::Client))))
    }

    /// Arguments of a client in a process of its own that runs the pictures `from..to`, or all of them for ever.
    pub(super) fn client_args(
        &self,
        name: &str,
        pictures: Option<(usize, usize)>,
        timeout: Duration,
    ) -> Vec<OsString> {
        let timeout = timeout.as_secs_f64().to_string();
        let [server, dealer] = self.keys.map(|key| key.to_string());
        let mut args = words(&["trial", "client", "--server", self.address(), "--timeout", &timeout]);
        args.extend(words(&["--server-key", &server, "--dealer-key", &dealer]));
        if let Some((from, to)) = pictures {
            args.extend(words(&["--from", &from.to_string(), "--count", &(to - from).to_string()]));
        }
        let files = [("--plan", self.at("subject.plan")), ("--inputs", self.at("inputs.json"))];
        args.extend(flags(files));
        args.extend(flags([("--key", self.at(&format!("{name}.key")))]));
        args
    }

    /// The identity in `NAME.key`.
    pub(super) fn identity(&self, name: &str) -> Result<Identity, TrialError> {
        Ok(read_identity(&self.at(&format!("{name}.key")))?)
    }

    /// A file of the deployment.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Arguments.
pub(super) fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// Arguments that name files.
pub(super) fn flags<const N: usize>(files: [(&str, PathBuf); N]) -> impl Iterator<Item = OsString> {
    files.into_iter().flat_map(|(flag, file)| [OsString::from(flag), file.into()])
}

fn dealer(setup: &Setup, folder: &Path) -> Recipe {
    let timeout = setup.timeout.as_secs_f64().to_string();
    let mut args = words(&["deal", "--timeout", &timeout]);
    args.extend(setup.dealer.iter().map(OsString::from));
    args.extend(flags([("--key", folder.join("dealer.key")), ("--servers", folder.join("servers.txt"))]));
    Recipe { name: "dealer", reporter: Reporter::Dealer, args }
}

fn server(setup: &Setup, folder: &Path, dealer: &str, dealer_key: &PublicKey) -> Recipe {
    let (timeout, key) = (setup.timeout.as_secs_f64().to_string(), dealer_key.to_string());
    let mut args = words(&["serve", "--timeout", &timeout, "--dealer", dealer, "--dealer-key", &key]);
    args.extend(words(&["--store", "disk", "--wait", "2"]));
    args.extend(setup.server.iter().map(OsString::from));
    args.extend(flags([("--key", folder.join("server.key")), ("--clients", folder.join("clients.txt"))]));
    args.extend(flags([
        ("--plan", folder.join("subject.plan")),
        ("--weights", folder.join("subject.weights")),
    ]));
    Recipe { name: "server", reporter: Reporter::Server, args }
}
