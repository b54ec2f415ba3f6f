//! The three parties of these tests: who they are, and where they keep what survives a restart.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brelu_core::channel::{Identity, PublicKey};
use brelu_host::client::{CLIENT_LIMITS, ClientParty};
use brelu_host::dealer::{Dealer, DealerOptions, DealerParty};
use brelu_host::event::{Event, Observer};
use brelu_host::keys::Access;
use brelu_host::quota::{Clock, Quota};
use brelu_host::server::{Server, ServerModel, ServerOptions, ServerParty};
use brelu_host::state::{Epochs, Generations, Limits, Ready, StateError, Usage};

/// What a party reported.
#[derive(Clone, Debug, Default)]
pub struct Events(Arc<Mutex<Vec<Event>>>);

impl Events {
    fn observer(&self) -> Observer {
        let events = self.0.clone();
        Observer::new(move |event| {
            events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        })
    }

    /// All of them so far.
    pub fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The identities of client, server and dealer in these tests.
pub fn identities() -> [Identity; 3] {
    [1, 2, 3].map(|byte| Identity::new([byte; 32]))
}

/// The identity of a device whose delegate is the client.
pub fn device() -> Identity {
    Identity::new([4; 32])
}

/// Silence that ends a session in these tests.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Room for prepared inferences in these tests.
pub const LIMITS: Limits = Limits { items: 4, peer_bytes: 1 << 30, bytes: 1 << 31 };

/// Whom the parties let in, and how much they may have.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The server's clients and their devices.
    pub clients: Access,
    /// The dealer's servers.
    pub servers: Access,
    /// The clients whom servers may introduce to the dealer.
    pub introduced: Access,
    /// The delegate's devices.
    pub devices: Access,
    /// How many inferences a client may have as far as the list does not say.
    pub quota: Quota,
    /// Tells the server the day.
    pub clock: Clock,
}

impl Default for Rules {
    fn default() -> Self {
        let [client, server, _] = identities();
        let keys = |parties: &[&Identity]| {
            Access::Keys(parties.iter().map(|party| (*party.public(), String::new())).collect())
        };
        Self {
            clients: keys(&[&client, &device()]),
            servers: keys(&[&server]),
            introduced: Access::Anybody,
            devices: keys(&[&device()]),
            quota: Quota::default(),
            clock: Clock::default(),
        }
    }
}

/// Limits of a server in these tests.
pub fn server_options(events: &Events, rules: &Rules) -> ServerOptions {
    ServerOptions {
        timeout: TIMEOUT,
        idle: 10 * TIMEOUT,
        ready: LIMITS.items,
        observer: events.observer(),
        quota: rules.quota,
        clock: rules.clock.clone(),
        ..ServerOptions::default()
    }
}

/// A party's records: in a folder of that name in `home`, or in memory.
fn epochs(home: Option<&Path>, name: &str) -> Result<Epochs, StateError> {
    home.map_or_else(|| Ok(Epochs::memory()), |home| Epochs::open(&folder(home, name).join("epochs")))
}

fn generations(home: Option<&Path>, name: &str) -> Result<Generations, StateError> {
    let open = |home| Generations::open(&folder(home, name).join("generations"));
    home.map_or_else(|| Ok(Generations::memory()), open)
}

fn ready(home: Option<&Path>, name: &str, identity: &Identity, limits: Limits) -> Result<Ready, StateError> {
    let key = identity.derive("store", &[]);
    home.map_or_else(
        || Ok(Ready::memory(limits)),
        |home| Ready::disk(&folder(home, name).join("ready"), key, limits),
    )
}

fn usage(home: Option<&Path>) -> Result<Usage, StateError> {
    home.map_or_else(|| Ok(Usage::memory()), |home| Usage::open(&folder(home, "server").join("usage")))
}

fn folder(home: &Path, name: &str) -> std::path::PathBuf {
    let folder = home.join(name);
    // If it cannot be made, what is opened in it says so.
    drop(std::fs::create_dir_all(&folder));
    folder
}

/// The server, as it starts from its records.
///
/// # Errors
/// If these cannot be read.
pub fn server(
    model: &Arc<ServerModel>,
    home: Option<&Path>,
    events: &Events,
    rules: &Rules,
) -> Result<Server, StateError> {
    let [_, server, dealer] = identities();
    let party = ServerParty {
        clients: rules.clients.clone(),
        dealer: *dealer.public(),
        epochs: epochs(home, "server")?,
        generations: generations(home, "server")?,
        ready: ready(home, "server", &server, LIMITS)?,
        usage: usage(home)?,
        identity: server,
    };
    Ok(Server::new(model.clone(), party, server_options(events, rules)))
}

/// Another server, with its records in memory.
pub fn server_known_as(
    identity: Identity,
    client: PublicKey,
    model: &Arc<ServerModel>,
    events: &Events,
) -> Server {
    let rules = Rules { clients: Access::Keys([(client, String::new())].into()), ..Rules::default() };
    let [.., dealer] = identities();
    let party = ServerParty {
        identity,
        dealer: *dealer.public(),
        clients: rules.clients.clone(),
        epochs: Epochs::memory(),
        generations: Generations::memory(),
        ready: Ready::memory(LIMITS),
        usage: Usage::memory(),
    };
    Server::new(model.clone(), party, server_options(events, &rules))
}

/// The dealer, as it starts from its records.
///
/// # Errors
/// If these cannot be read.
pub fn dealer(home: Option<&Path>, events: &Events, rules: &Rules) -> Result<Dealer, StateError> {
    dealer_with(home, events, rules, |_| ())
}

/// As [`dealer`], with other limits.
///
/// # Errors
/// As there.
pub fn dealer_with(
    home: Option<&Path>,
    events: &Events,
    rules: &Rules,
    change: impl FnOnce(&mut DealerOptions),
) -> Result<Dealer, StateError> {
    let [_, _, dealer] = identities();
    let party = DealerParty {
        servers: rules.servers.clone(),
        clients: rules.introduced.clone(),
        identity: dealer,
        epochs: epochs(home, "dealer")?,
        generations: generations(home, "dealer")?,
        models: home.map(|home| folder(home, "dealer")),
    };
    let observer = events.observer();
    let mut options =
        DealerOptions { timeout: TIMEOUT, idle: 10 * TIMEOUT, observer, ..DealerOptions::default() };
    change(&mut options);
    Ok(Dealer::new(party, options))
}

/// The client, as it starts from its records.
///
/// # Errors
/// If these cannot be read.
pub fn client(home: Option<&Path>) -> Result<ClientParty, StateError> {
    let [client, server, dealer] = identities();
    let (server, dealer) = (*server.public(), *dealer.public());
    let ready = ready(home, "client", &client, CLIENT_LIMITS)?;
    Ok(ClientParty::new(client, server, dealer, epochs(home, "client")?, ready))
}
