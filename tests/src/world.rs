//! Server, dealer and client of one plan in one process: the very sessions that run over TCP, over connections in memory,
//! with a tap on everything that passes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use brelu_core::channel::Identity;
use brelu_core::cost;
use brelu_core::plan::Plan;
use brelu_host::client::{ClientMemory, ClientParty, HostClient};
use brelu_host::dealer::DealerOptions;
use brelu_host::delegate::{Delegate, DelegateOptions, DelegateParty};
use brelu_host::error::SessionError;
use brelu_host::event::Event;
use brelu_host::keys::random_key;
use brelu_host::plan_file::{OwnedPlan, keep};
use brelu_host::secure::Connection;
use brelu_host::server::ServerModel;
use brelu_host::weights::Weights;
use brelu_world::{Cut, Trio};
use tokio::io::{DuplexStream, split};

use crate::parties::{self, Events, Rules, TIMEOUT};
use crate::wire::{Route, Tap, Wire};

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
    trio: Trio,
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
            trio: Trio {
                server: Arc::new(parties::server(&model, None, &events[0], &rules).expect("memory")),
                dealer: Arc::new(parties::dealer(None, &events[1], &rules).expect("memory")),
                client: Arc::new(parties::client(None).expect("memory")),
            },
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
            trio: Trio { server: Arc::new(server.expect("the server's records")), ..self.trio.clone() },
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
        let dealer_key = *self.trio.dealer.identity().public();
        let client = ClientParty::in_memory(client, *server.public(), dealer_key);
        let server =
            parties::server_known_as(server, *client.identity.public(), &other.model, &other.events[0]);
        Self {
            trio: Trio {
                server: Arc::new(server),
                client: Arc::new(client),
                dealer: self.trio.dealer.clone(),
            },
            events: [other.events[0].clone(), self.events[1].clone()],
            ..other
        }
    }

    /// As this world, at the dealer of another one.
    pub fn at_dealer_of(self, other: &Self) -> Self {
        let events = [self.events[0].clone(), other.events[1].clone()];
        Self { events, ..self.with_dealer_of(other) }
    }

    /// As this world, with a dealer of other limits.
    ///
    /// # Panics
    /// If the dealer's records cannot be read.
    pub fn with_dealer(mut self, options: impl FnOnce(&mut DealerOptions)) -> Self {
        let dealer = parties::dealer_with(self.home.as_deref(), &self.events[1], &self.rules, options);
        self.trio.dealer = Arc::new(dealer.expect("the dealer's records"));
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
            Role::Client => self.trio.client = Arc::new(parties::client(home).expect("the client's records")),
            Role::Dealer => {
                self.trio.dealer =
                    Arc::new(parties::dealer(home, dealer, &self.rules).expect("the dealer's records"))
            }
            Role::Server => {
                let restarted = parties::server(&self.model, home, server, &self.rules);
                self.trio.server = Arc::new(restarted.expect("the server's records"));
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
        self.trio.client = Arc::new(client);
        self
    }

    /// Lets the server work with the dealer of another world.
    pub fn with_dealer_of(mut self, other: &Self) -> Self {
        self.trio.dealer = other.trio.dealer.clone();
        self
    }

    /// A delegate, which is this world's client.
    fn new_delegate(&self) -> Delegate {
        let party = DelegateParty { client: self.trio.client.clone(), devices: self.rules.devices.clone() };
        let options = DelegateOptions { timeout: TIMEOUT, ..DelegateOptions::default() };
        Delegate::new(self.plan, party, options)
    }

    /// Starts sessions of a device at the delegate and at the server, with a tap on all frames; the device's ends.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn device(&self, tap: Tap) -> Result<[Connection; 2], SessionError> {
        let (device, wire) = (*parties::device().public(), Wire::Frames(tap).tapped());
        let (near, far) = wire.pair(Route::DeviceDelegate);
        let (delegate, server) = (self.new_delegate(), self.trio.connect(&wire).await?);
        let end = |peer, end, key| wire.clear(peer, end, key, [0; 32]);
        let to_device = end("device", far, device);
        tokio::spawn(async move { delegate.serve(to_device, async move || Ok(server)).await });
        let to_delegate = end("delegate", near, *self.trio.client.identity.public());
        Ok([to_delegate, self.trio.connect_as(device, Route::DeviceServer, &wire).await?])
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
        self.trio.server.stop();
        self.trio.dealer.stop();
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
        HostClient::start(self.plan, connection, self.trio.client.clone(), &mut Some(memory.workspace()))
            .await
    }

    /// The folder of the parties' records.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Who the client is.
    pub fn client(&self) -> &Arc<ClientParty> {
        &self.trio.client
    }

    /// Starts a server session over the secure channel; the client's end of the byte stream, before any handshake.
    pub fn answer(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(1 << 14);
        let wire = brelu_world::Wire { cut: Cut::Records, taps: None, patience: TIMEOUT };
        self.trio.answer(far, *self.trio.client.identity.public(), &wire);
        near
    }

    /// Starts a server session and, when the server asks for it, a dealer session; the client's end of the connection.
    ///
    /// # Errors
    /// If the two do not get a secure connection.
    pub async fn connect(&self, wire: Wire) -> Result<Connection, SessionError> {
        self.trio.connect(&wire.tapped()).await
    }
}
