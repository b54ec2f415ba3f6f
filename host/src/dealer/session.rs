//! The dealer as a service: one session for every client of every server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::{
    EPOCH_LEN, FIRST_OVERHEAD, GREETING_LEN, Identity, Number, Pair, PublicKey, Responder, WELCOME_LEN,
};
use brelu_core::cost;
use brelu_core::plan::NodeId;
use brelu_core::prf::PairKey;
use brelu_core::transport::FrameKind;
use tokio::io::{AsyncRead, AsyncWrite};

use super::library::Library;
use super::parts::ModelId;
use super::receive::{Sizes, receive_model};
use super::share::Places;
use super::{DealerKeys, DealerModel, ServerShare};
use crate::cancellation::Cancellation;
use crate::error::SessionError;
use crate::event::{Event, Observer};
use crate::hello::{DealerHello, DealerRequest, decode, encode};
use crate::keys::{Access, random_key};
use crate::limits::{PlanLimits, Room};
use crate::pipe::Pipe;
use crate::secure::{Call, Connection, ephemeral};
use crate::state::{Epochs, Generations, Peer, StateError, group, member};
use crate::words::{number, stranger};

/// Limits of a dealer.
#[derive(Clone, Debug)]
pub struct DealerOptions {
    /// How long a server may be silent in the middle of a message.
    pub timeout: Duration,
    /// How long a session may do nothing.
    pub idle: Duration,
    /// How many models are kept in memory, of all servers together.
    pub models: usize,
    /// Bytes of the largest plan that a server may bring.
    pub plan_bytes: u64,
    /// What one plan may take. The computations of all sessions together have as much memory as one plan may take; those
    /// for which there is none wait.
    pub limits: PlanLimits,
    /// What one server may have.
    pub share: ServerShare,
    /// Is told what happens.
    pub observer: Observer,
}

impl Default for DealerOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            idle: Duration::from_secs(3600),
            models: 16,
            plan_bytes: 16 << 20,
            limits: PlanLimits::default(),
            share: ServerShare::default(),
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
    /// How many inferences of every client of every server have begun.
    pub generations: Generations,
    /// Where models are stored.
    pub models: Option<PathBuf>,
}

/// A dealer and the models it was given.
#[derive(Debug)]
pub struct Dealer {
    party: Arc<DealerParty>,
    options: DealerOptions,
    library: Arc<Library>,
    room: Room,
    places: Arc<Places>,
    cancellation: Cancellation,
}

/// Under which a client of a server is recorded, in the group of that server.
fn couple(server: &PublicKey, client: &PublicKey) -> Peer {
    member(group(&[server.bytes()]), &[server.bytes(), client.bytes()])
}

/// A client as its server introduced it.
struct Client {
    server: PublicKey,
    key: PublicKey,
    couple: Peer,
    masks: PairKey,
    epoch: u32,
    /// The last generation that is remembered of it.
    generation: u64,
    welcome: [u8; WELCOME_LEN],
}

impl Dealer {
    /// A dealer.
    pub fn new(party: DealerParty, options: DealerOptions) -> Self {
        let library = Library::new(party.models.clone(), options.models, options.share, options.limits);
        let (room, places, cancellation) =
            (Room::new(&options.limits), Arc::default(), Cancellation::default());
        let (party, library) = (Arc::new(party), Arc::new(library));
        Self { party, options, library, room, places, cancellation }
    }

    /// Ends every session as soon as it has finished what it is doing.
    pub fn stop(&self) {
        self.cancellation.stop();
    }

    /// Its key pair.
    pub fn identity(&self) -> &Identity {
        &self.party.identity
    }

    /// How it is called by servers.
    pub fn call(&self) -> Call {
        Call { pair: Pair::ServerDealer, peer: "server", timeout: self.options.timeout }
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
            Err(error) if error.is_passing() => server.pipe.postpone(&error.for_peer("server")).await,
            Err(error) => server.pipe.fail(&error.for_peer("server")).await,
            Ok(()) => {}
        }
        result
    }

    async fn session(&self, server: &mut Connection) -> Result<(), SessionError> {
        let words = server.hello().await?;
        let peer = *server.keys.peer();
        let _place = self.places.enter(&peer, self.options.share.sessions)?;
        let request: DealerRequest<'_> = decode("server", &words)?;
        let client = self.meet(&peer, &request).await?;
        self.options.observer.tell(Event::Epoch(client.key.id(), client.epoch));
        let id = ModelId { server: peer, plan: request.plan, shares: request.model };
        let library = self.library.clone();
        let known = tokio::task::spawn_blocking(move || library.get(&id)).await??;
        let hello = DealerHello {
            epoch: client.epoch,
            generation: client.generation,
            welcome: &client.welcome,
            needs_model: known.is_none(),
        };
        server.pipe.send_frame(FrameKind::Hello, encode(&hello)).await?;
        let model = match known {
            Some(model) => model,
            None => {
                let sizes = Sizes { plan: request.plan_bytes.into(), most: self.options.plan_bytes };
                receive_model(&mut server.pipe, &self.library, &id, sizes).await?
            }
        };
        let masks = server.keys.pair_key(&request.plan);
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
            Pair::ClientDealer,
            &context,
            ephemeral()?,
            request.greeting,
            &mut floor,
        )
        .map_err(|_| SessionError::Greeting)?;
        let key = *responder.peer();
        self.party.clients.admit("client", &key)?;
        let floor = u32::from_le_bytes(floor).max(request.floor);
        let (party, couple, most) = (self.party.clone(), couple(server, &key), self.options.share.clients);
        let records = move || {
            Ok::<_, StateError>((
                party.epochs.next_among(&couple, floor, most)?,
                party.generations.last(&couple)?,
            ))
        };
        let (epoch, generation) = tokio::task::spawn_blocking(records).await??;
        let mut welcome = [0; WELCOME_LEN];
        let payload: [u8; EPOCH_LEN] = epoch.to_le_bytes();
        let agreed = responder.write(&payload, &mut welcome).map_err(|_| SessionError::Greeting)?;
        let masks = agreed.into_keys().pair_key(&request.plan);
        Ok(Client { server: *server, key, couple, masks, epoch, generation, welcome })
    }

    async fn deal(
        &self,
        pipe: &mut Pipe,
        model: Arc<DealerModel>,
        keys: Arc<DealerKeys>,
        client: &Client,
    ) -> Result<(), SessionError> {
        let mut last = u64::from(client.epoch) << 32;
        let (mut token, idle) = (self.cancellation.token(), self.options.idle);
        let need = self.options.limits.dealer(model.plan())?;
        loop {
            let next =
                token.unless_cancelled(pipe, async |pipe| Ok(pipe.receive_within(idle).await?)).await?;
            let Some(frame) = next else { return Ok(()) };
            let number = match frame {
                (got @ FrameKind::Deal, payload) => number("server", got, &payload)?,
                (got @ FrameKind::Use, payload) => {
                    let answer = self.begin(client, number("server", got, &payload)?).await?;
                    pipe.send_frame(answer.0, Number(answer.1).encode().to_vec()).await?;
                    continue;
                }
                (FrameKind::Bye, _) => return Ok(()),
                (got, _) => return Err(stranger("server", got)),
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
                let room = self.room.take(need.session).await;
                let message = tokio::task::spawn_blocking(move || model.deal(&keys, number, id)).await?;
                let _held = room.keep(message.len());
                pipe.send_data(&message).await?;
            }
        }
    }

    /// Records that an inference of a client begins under a generation that was never begun; otherwise says which one is
    /// remembered.
    async fn begin(&self, client: &Client, generation: u64) -> Result<(FrameKind, u64), SessionError> {
        let (party, couple) = (self.party.clone(), client.couple);
        let raise = move || party.generations.raise(&couple, generation);
        match tokio::task::spawn_blocking(raise).await? {
            Ok(()) => Ok((FrameKind::Use, generation)),
            Err(StateError::Older { last, .. }) => Ok((FrameKind::Older, last)),
            Err(error) => Err(error.into()),
        }
    }
}
