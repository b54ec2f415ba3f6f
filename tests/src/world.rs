//! Server, dealer and client of one plan in one process: the very sessions that run over TCP, over connections in memory,
//! with a tap on everything that passes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use brelu_core::channel::{Bond, Identity, PublicKey};
use brelu_core::cost;
use brelu_core::plan::Plan;
use brelu_core::prf::PairKey;
use brelu_host::client::{ClientMemory, ClientParty, HostClient};
use brelu_host::dealer::{Dealer, DealerOptions};
use brelu_host::delegate::{Delegate, DelegateOptions, DelegateParty};
use brelu_host::error::SessionError;
use brelu_host::event::Event;
use brelu_host::keys::random_key;
use brelu_host::pipe::Pipe;
use brelu_host::plan_file::{OwnedPlan, keep};
use brelu_host::secure::Connection;
use brelu_host::server::{Server, ServerModel};
use brelu_host::weights::Weights;
use tokio::io::{DuplexStream, split};

use crate::parties::{self, Events, Rules, TIMEOUT};
use crate::wire::{Link, Tap, Wire};

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Has the input.
    Client,
    /// Has the weights.
    Server,
    /// Has randomness.
    Dealer,
}

/// Three parties of one plan.
#[derive(Debug)]
pub struct World {
    plan: &'static Plan<'static>,
    model: Arc<ServerModel>,
    home: Option<PathBuf>,
    server: Arc<Server>,
    dealer: Arc<Dealer>,
    client: Arc<ClientParty>,
    events: [Events; 2],
    rules: Rules,
    small: bool,
}

/// What the parties have to say after some inferences.
#[derive(Debug)]
pub struct Outcome {
    /// Results in units of the output scale.
    pub outputs: Vec<Vec<i32>>,
    /// Payload bytes by link and phase, as they were measured at the client and (dealer) at the server.
    pub traffic: cost::Traffic,
    /// Round trips, as the client counted them.
    pub round_trips: u32,
}

impl World {
    /// Parties for a plan file and its weights, which keep their records in memory.
    ///
    /// # Panics
    /// If the plan, the weights or the system's randomness are not to be had.
    pub fn new(plan: Vec<u8>, weights: impl FnOnce(&Plan<'_>) -> Weights) -> Self {
        let plan = keep(plan).expect("a valid plan");
        let owned = Arc::new(OwnedPlan::copy(plan).expect("a valid plan"));
        let model = ServerModel::new(owned, weights(plan), random_key().expect("randomness"));
        Self::of(plan, Arc::new(model.expect("maps the kernels take")))
    }

    fn of(plan: &'static Plan<'static>, model: Arc<ServerModel>) -> Self {
        let (events, rules) = (<[Events; 2]>::default(), Rules::default());
        Self {
            plan,
            server: Arc::new(parties::server(&model, None, &events[0], &rules).expect("memory")),
            dealer: Arc::new(parties::dealer(None, &events[1], &rules).expect("memory")),
            client: Arc::new(parties::client(None).expect("memory")),
            model,
            home: None,
            events,
            rules,
            small: false,
        }
    }

    /// Other parties of the same plan and weights, with records of their own in memory.
    pub fn fresh(&self) -> Self {
        Self { small: self.small, ..Self::of(self.plan, self.model.clone()) }
    }

    /// The same dealer and client with the server once more, as it starts from a copy of its records in another folder.
    ///
    /// # Panics
    /// If these cannot be read.
    pub fn with_server_from(&self, home: &Path) -> Self {
        let server = parties::server(&self.model, Some(home), &self.events[0], &self.rules);
        Self {
            server: Arc::new(server.expect("the server's records")),
            dealer: self.dealer.clone(),
            client: self.client.clone(),
            model: self.model.clone(),
            home: Some(home.to_owned()),
            rules: self.rules.clone(),
            events: self.events.clone(),
            ..*self
        }
    }

    /// Another server with another client of another plan, at the dealer of this world; all keep their records in memory.
    ///
    /// # Panics
    /// If the plan or the weights are not to be had.
    pub fn neighbour(&self, byte: u8, plan: Vec<u8>, weights: impl FnOnce(&Plan<'_>) -> Weights) -> Self {
        let other = Self::new(plan, weights);
        let [server, client] = [byte, byte + 1].map(|byte| Identity::new([byte; 32]));
        let dealer_key = *self.dealer.identity().public();
        let client = ClientParty::in_memory(client, *server.public(), dealer_key);
        let server =
            parties::server_known_as(server, *client.identity.public(), &other.model, &other.events[0]);
        Self {
            server: Arc::new(server),
            client: Arc::new(client),
            dealer: self.dealer.clone(),
            events: [other.events[0].clone(), self.events[1].clone()],
            ..other
        }
    }

    /// As this world, at the dealer of another one.
    pub fn at_dealer_of(self, other: &Self) -> Self {
        let events = [self.events[0].clone(), other.events[1].clone()];
        Self { dealer: other.dealer.clone(), events, ..self }
    }

    /// As this world, with a dealer of other limits.
    ///
    /// # Panics
    /// If the dealer's records cannot be read.
    pub fn with_dealer(mut self, options: impl FnOnce(&mut DealerOptions)) -> Self {
        let dealer = parties::dealer_with(self.home.as_deref(), &self.events[1], &self.rules, options);
        self.dealer = Arc::new(dealer.expect("the dealer's records"));
        self
    }

    /// Makes the parties keep their records in a folder, so that they survive [`Self::restart`].
    pub fn with_home(mut self, home: PathBuf) -> Self {
        (self.home, self.events) = (Some(home), Default::default());
        [Role::Client, Role::Server, Role::Dealer].into_iter().for_each(|role| self.restart(role));
        self
    }

    /// Makes the parties, which start anew, let others in by these rules.
    pub fn with_rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        [Role::Server, Role::Dealer].into_iter().for_each(|role| self.restart(role));
        self
    }

    /// Starts a party anew, with nothing but its records. Its sessions go on until their connections are closed.
    ///
    /// # Panics
    /// If its records cannot be read.
    pub fn restart(&mut self, role: Role) {
        let (home, [server, dealer]) = (self.home.as_deref(), &self.events);
        match role {
            Role::Client => self.client = Arc::new(parties::client(home).expect("the client's records")),
            Role::Dealer => {
                self.dealer =
                    Arc::new(parties::dealer(home, dealer, &self.rules).expect("the dealer's records"))
            }
            Role::Server => {
                let restarted = parties::server(&self.model, home, server, &self.rules);
                self.server = Arc::new(restarted.expect("the server's records"));
            }
        }
    }

    /// Gives the client the least memory that suffices, and small frames.
    pub fn with_small_client(mut self) -> Self {
        self.small = true;
        self
    }

    /// Another client, which knows other keys or is somebody else.
    pub fn with_client(mut self, client: ClientParty) -> Self {
        self.client = Arc::new(client);
        self
    }

    /// Lets the server work with the dealer of another world.
    pub fn with_dealer_of(mut self, other: &Self) -> Self {
        self.dealer = other.dealer.clone();
        self
    }

    /// A delegate, which is this world's client.
    fn new_delegate(&self) -> Delegate {
        let party = DelegateParty { client: self.client.clone(), devices: self.rules.devices.clone() };
        let options = DelegateOptions { timeout: TIMEOUT, ..DelegateOptions::default() };
        Delegate::new(self.plan, party, options)
    }

    /// Starts sessions of a device at the delegate and at the server, with a tap on all frames; the device's ends.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn device(&self, tap: Tap) -> Result<[Connection; 2], SessionError> {
        let (device, wire) = (*parties::device().public(), Wire::Frames(tap));
        let (near, far) = wire.tapped(Link::DeviceDelegate, Link::DelegateDevice);
        let (delegate, server) = (self.new_delegate(), self.connect(wire.clone()).await?);
        tokio::spawn(async move {
            let device = mocked("device", far, device, [0; 32]);
            delegate.serve(device, async move || Ok(server)).await
        });
        let to_delegate = mocked("delegate", near, *self.client.identity.public(), [0; 32]);
        let links = [Link::DeviceServer, Link::ServerDevice];
        Ok([to_delegate, self.connect_as(device, links, wire).await?])
    }

    /// Starts a session of the delegate with a device; the device's end of the byte stream.
    pub fn delegate(&self) -> DuplexStream {
        let delegate = self.new_delegate();
        let (near, far) = tokio::io::duplex(1 << 14);
        let server = self.answer();
        tokio::spawn(async move {
            let (reader, writer) = split(far);
            let device = delegate.accept(reader, writer).await?;
            let connect = async || {
                let (reader, writer) = split(server);
                delegate.call_server(reader, writer).await
            };
            delegate.serve(device, connect).await
        });
        near
    }

    /// Asks server and dealer to end their sessions when they have finished what they are doing.
    pub fn stop(&self) {
        self.server.stop();
        self.dealer.stop();
    }

    /// The plan.
    pub fn plan(&self) -> &'static Plan<'static> {
        self.plan
    }

    /// What the server and the dealer reported so far.
    pub fn events(&self) -> [Vec<Event>; 2] {
        self.events.each_ref().map(Events::all)
    }

    /// Runs inferences one after the other in one session, with a tap on all frames.
    ///
    /// # Errors
    /// Whatever ends the client's session.
    pub fn run(&self, inputs: &[Vec<i32>], tap: Tap) -> Result<Outcome, SessionError> {
        self.run_over(inputs, Wire::Frames(tap))
    }

    /// Runs inferences one after the other in one session.
    ///
    /// # Errors
    /// Whatever ends the client's session.
    pub fn run_over(&self, inputs: &[Vec<i32>], wire: Wire) -> Result<Outcome, SessionError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(self.session(inputs, wire))
    }

    /// As [`Self::run_over`], inside a runtime.
    ///
    /// # Errors
    /// As there.
    pub async fn session(&self, inputs: &[Vec<i32>], wire: Wire) -> Result<Outcome, SessionError> {
        let mut memory =
            if self.small { ClientMemory::least(self.plan, 100) } else { ClientMemory::for_plan(self.plan) };
        let mut client = self.dial(wire, &mut memory).await?;
        let mut outputs = Vec::new();
        let mut traffic = cost::Traffic::default();
        for input in inputs {
            let before = client.counts();
            client.prepare(&mut |_, _| {}).await?;
            let prepared = client.counts();
            outputs.push(client.infer(input, &mut |_, _| {}).await?.1);
            let after = client.counts();
            traffic.client_offline += prepared.sent - before.sent;
            traffic.client_online += after.sent - prepared.sent;
            traffic.server_online += after.received - prepared.received;
        }
        traffic.dealer_offline = client.dealer_bytes();
        let round_trips = client.round_trips();
        client.close().await?;
        Ok(Outcome { outputs, traffic, round_trips })
    }

    /// Starts a session of the client and leaves it to the caller.
    ///
    /// # Errors
    /// Whatever keeps it from starting.
    pub async fn dial<'a>(
        &self,
        wire: Wire,
        memory: &'a mut ClientMemory,
    ) -> Result<HostClient<'a>, SessionError> {
        let connection = self.connect(wire).await?;
        HostClient::start(self.plan, connection, self.client.clone(), &mut Some(memory.workspace())).await
    }

    /// The folder of the parties' records.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Who the client is.
    pub fn client(&self) -> &Arc<ClientParty> {
        &self.client
    }

    /// Starts a server session over the secure channel; the client's end of the byte stream, before any handshake.
    pub fn answer(&self) -> DuplexStream {
        let (server, dealer) = (self.server.clone(), self.dealer.clone());
        let (near, far) = tokio::io::duplex(1 << 14);
        tokio::spawn(async move {
            let (reader, writer) = split(far);
            let client = server.accept(reader, writer).await?;
            let wire = Wire::Records(Arc::new(|_, _, record| vec![record]));
            let connect = async || reach(&server, dealer, wire).await;
            server.serve(client, connect).await
        });
        near
    }

    /// Starts a server session and, when the server asks for it, a dealer session; the client's end of the connection.
    ///
    /// # Errors
    /// If the two do not get a secure connection.
    pub async fn connect(&self, wire: Wire) -> Result<Connection, SessionError> {
        let links = [Link::ClientServer, Link::ServerClient];
        self.connect_as(*self.client.identity.public(), links, wire).await
    }

    /// As [`Self::connect`]; in the clear, the client has `client_key`.
    async fn connect_as(
        &self,
        client_key: PublicKey,
        [there, back]: [Link; 2],
        wire: Wire,
    ) -> Result<Connection, SessionError> {
        let (server, dealer, inner) = (self.server.clone(), self.dealer.clone(), wire.clone());
        let (client_end, server_end) = wire.tapped(there, back);
        tokio::spawn(async move {
            let client = match &inner {
                Wire::Frames(_) => mocked("client", server_end, client_key, [0; 32]),
                Wire::Records(_) => {
                    let (reader, writer) = split(server_end);
                    server.accept(reader, writer).await?
                }
            };
            let connect = async || reach(&server, dealer, inner).await;
            server.serve(client, connect).await
        });
        match wire {
            Wire::Frames(_) => Ok(mocked("server", client_end, self.client.server, [0; 32])),
            Wire::Records(_) => {
                let (reader, writer) = split(client_end);
                self.client.call_server(reader, writer, TIMEOUT).await
            }
        }
    }
}

/// The server's connection to a dealer.
async fn reach(server: &Server, dealer: Arc<Dealer>, wire: Wire) -> Result<Connection, SessionError> {
    let (server_end, dealer_end) = wire.tapped(Link::ServerDealer, Link::DealerServer);
    match wire {
        Wire::Frames(_) => {
            let root = *random_key()?.expose();
            let connection = mocked("server", dealer_end, *server.identity().public(), root);
            let dealer_key = *dealer.identity().public();
            tokio::spawn(async move { dealer.serve(connection).await });
            Ok(mocked("dealer", server_end, dealer_key, root))
        }
        Wire::Records(_) => {
            tokio::spawn(async move {
                let (reader, writer) = split(dealer_end);
                dealer.serve(dealer.accept(reader, writer).await?).await
            });
            let (reader, writer) = split(server_end);
            server.call_dealer(reader, writer).await
        }
    }
}

/// A connection in the clear to `key`, as if there had been a handshake.
fn mocked(peer: &'static str, end: DuplexStream, key: PublicKey, root: [u8; 32]) -> Connection {
    let (reader, writer) = split(end);
    let bond = Bond::new(key, PairKey::new(root));
    Connection::new(Pipe::new(peer, reader, writer, TIMEOUT, None), bond)
}
