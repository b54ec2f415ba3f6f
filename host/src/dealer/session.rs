//! The dealer as a service: one session for every client of every server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::{
    EPOCH_LEN, FIRST_OVERHEAD, GREETING_LEN, Identity, Link, PublicKey, Responder, WELCOME_LEN,
};
use brelu_core::cost;
use brelu_core::plan::NodeId;
use brelu_core::prf::PairKey;
use brelu_core::transport::FrameKind;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};

use super::library::{Library, ModelId, Parts, terms};
use super::{DealerKeys, DealerModel};
use crate::error::SessionError;
use crate::event::{Event, Observer};
use crate::hello::{DealerHello, DealerRequest, decode, encode};
use crate::keys::{Access, random_key};
use crate::pipe::Pipe;
use crate::secure::{Call, Connection, ephemeral};
use crate::state::Epochs;
use crate::stopping::Stopping;

/// Limits of a dealer.
#[derive(Clone, Debug)]
pub struct DealerOptions {
    /// How long a server may be silent in the middle of a message.
    pub timeout: Duration,
    /// How long a session may do nothing.
    pub idle: Duration,
    /// How many models are kept in memory.
    pub models: usize,
    /// Is told what happens.
    pub observer: Observer,
}

impl Default for DealerOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            idle: Duration::from_secs(3600),
            models: 16,
            observer: Observer::default(),
        }
    }
}

/// Who a dealer is, whom it knows, and what it keeps.
#[derive(Debug)]
pub struct DealerParty {
    /// Its key pair.
    pub identity: Identity,
    /// The servers that may connect.
    pub servers: Access,
    /// The clients whom servers may introduce.
    pub clients: Access,
    /// The epochs given to every client of every server.
    pub epochs: Epochs,
    /// Where models are stored.
    pub models: Option<PathBuf>,
}

/// A dealer and the models it was given.
#[derive(Debug)]
pub struct Dealer {
    party: Arc<DealerParty>,
    options: DealerOptions,
    library: Arc<Library>,
    stopping: Stopping,
}

/// Bytes of the largest plan a dealer takes.
const MAX_PLAN: u32 = 64 << 20;

/// Under which the epochs of a client of a server are recorded.
fn couple(server: &PublicKey, client: &PublicKey) -> [u8; 32] {
    let mut digest = Sha256::new();
    [server, client].iter().for_each(|key| digest.update(key.bytes()));
    digest.finalize().into()
}

/// A client as its server introduced it.
struct Client {
    server: PublicKey,
    key: PublicKey,
    masks: PairKey,
    epoch: u32,
    welcome: [u8; WELCOME_LEN],
}

impl Dealer {
    /// A dealer.
    pub fn new(party: DealerParty, options: DealerOptions) -> Self {
        let library = Arc::new(Library::new(party.models.clone(), options.models));
        Self { party: Arc::new(party), options, library, stopping: Stopping::default() }
    }

    /// Ends every session as soon as it has finished what it is doing.
    pub fn stop(&self) {
        self.stopping.stop();
    }

    /// Its key pair.
    pub fn identity(&self) -> &Identity {
        &self.party.identity
    }

    /// How it is called by servers.
    pub fn call(&self) -> Call {
        Call { link: Link::ServerDealer, peer: "server", timeout: self.options.timeout }
    }

    /// Answers a server that calls over an open connection, if it may connect.
    ///
    /// # Errors
    /// If the connection fails or the server may not connect; it has been told.
    pub async fn accept(
        &self,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Connection, SessionError> {
        let admit = |key: &PublicKey| self.party.servers.admit("server", key).map(drop);
        self.call().accept(reader, writer, &self.party.identity, admit).await
    }

    /// Serves one connection until the server is done.
    ///
    /// # Errors
    /// Whatever ended the session early; the server has been told.
    pub async fn serve(&self, mut server: Connection) -> Result<(), SessionError> {
        let result = self.session(&mut server).await;
        match &result {
            Err(error) if error.is_passing() => server.pipe.postpone(&error.for_peer()).await,
            Err(error) => server.pipe.fail(&error.for_peer()).await,
            Ok(()) => {}
        }
        result
    }

    async fn session(&self, server: &mut Connection) -> Result<(), SessionError> {
        let words = server.hello().await?;
        let request: DealerRequest<'_> = decode("server", &words)?;
        let client = self.meet(server.bond.peer(), &request).await?;
        self.options.observer.tell(Event::Epoch(client.key.id(), client.epoch));
        let id = ModelId { plan: request.plan, shares: request.model };
        let library = self.library.clone();
        let known = tokio::task::spawn_blocking(move || library.get(&id)).await?;
        let hello =
            DealerHello { epoch: client.epoch, welcome: &client.welcome, needs_model: known.is_none() };
        server.pipe.send_frame(FrameKind::Hello, encode(&hello)).await?;
        let model = match known {
            Some(model) => model,
            None => self.receive_model(&mut server.pipe, id, request.plan_bytes).await?,
        };
        let masks = server.bond.pair_key(&request.plan);
        let keys = DealerKeys { client: client.masks.clone(), server: masks, own: random_key()? };
        self.deal(&mut server.pipe, model, Arc::new(keys), &client).await
    }

    /// Reads the client's words, gives its session an epoch that was never given before, and records it.
    async fn meet(&self, server: &PublicKey, request: &DealerRequest<'_>) -> Result<Client, SessionError> {
        if request.greeting.len() != GREETING_LEN {
            return Err(SessionError::Greeting);
        }
        let context: [&[u8]; 2] = [&request.plan, server.bytes()];
        let mut floor = [0; GREETING_LEN - FIRST_OVERHEAD];
        let responder = Responder::read(
            &self.party.identity,
            Link::ClientDealer,
            &context,
            ephemeral()?,
            request.greeting,
            &mut floor,
        )
        .map_err(|_| SessionError::Greeting)?;
        let key = *responder.peer();
        self.party.clients.admit("client", &key)?;
        let floor = u32::from_le_bytes(floor).max(request.floor);
        let (party, couple) = (self.party.clone(), couple(server, &key));
        let epoch = tokio::task::spawn_blocking(move || party.epochs.next(&couple, floor)).await??;
        let mut welcome = [0; WELCOME_LEN];
        let payload: [u8; EPOCH_LEN] = epoch.to_le_bytes();
        let agreed = responder.write(&payload, &mut welcome).map_err(|_| SessionError::Greeting)?;
        Ok(Client { server: *server, key, masks: agreed.into_bond().pair_key(&request.plan), epoch, welcome })
    }

    async fn deal(
        &self,
        pipe: &mut Pipe,
        model: Arc<DealerModel>,
        keys: Arc<DealerKeys>,
        client: &Client,
    ) -> Result<(), SessionError> {
        let mut last = u64::from(client.epoch) << 32;
        let (mut ear, idle) = (self.stopping.ear(), self.options.idle);
        loop {
            let next = ear.unless_stopped(pipe, async |pipe| Ok(pipe.receive_within(idle).await?)).await?;
            let Some(frame) = next else { return Ok(()) };
            let number = match frame {
                (FrameKind::Deal, payload) => number(&payload)?,
                (FrameKind::Bye, _) => return Ok(()),
                (got, _) => return Err(SessionError::Frame { peer: "server", got }),
            };
            if number <= last || number >> 32 != u64::from(client.epoch) {
                return Err(SessionError::Reused { number, last });
            }
            last = number;
            self.party.readmit(&client.server, &client.key).await?;
            self.options.observer.tell(Event::Dealt(client.key.id(), number));
            for id in 0..model.plan().len() as NodeId {
                if cost::step(model.plan(), id).dealer_offline == 0 {
                    continue;
                }
                let (model, keys) = (model.clone(), keys.clone());
                let message = tokio::task::spawn_blocking(move || model.deal(&keys, number, id)).await?;
                pipe.send_data(&message).await?;
            }
        }
    }

    async fn receive_model(
        &self,
        pipe: &mut Pipe,
        id: ModelId,
        plan_bytes: u32,
    ) -> Result<Arc<DealerModel>, SessionError> {
        if plan_bytes > MAX_PLAN {
            return Err(SessionError::PlanSize(plan_bytes));
        }
        pipe.allow(u64::from(plan_bytes));
        let bytes = pipe.receive_message(u64::from(plan_bytes) * 8).await?.to_vec();
        let plan = self.library.plan(bytes.clone(), id.plan)?;
        let mut shares = Vec::new();
        for (_, _, k, count) in terms(plan) {
            pipe.allow(count as u64 * 8);
            shares.push(pipe.receive_message(u64::from(k) * count as u64).await?);
        }
        let library = self.library.clone();
        let parts = Parts { plan: bytes, shares };
        tokio::task::spawn_blocking(move || library.put(&id, parts)).await?
    }
}

fn number(payload: &[u8]) -> Result<u64, SessionError> {
    payload
        .try_into()
        .map(u64::from_le_bytes)
        .map_err(|_| SessionError::Frame { peer: "server", got: FrameKind::Deal })
}
