//! One client's session at the server: greeting, preparing, inferring.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::{ClientHello, Delegation, Done, Number, PublicKey, ServerHello, epoch_of};
use brelu_core::cost;
use brelu_core::plan::NodeId;
use brelu_core::prf::PairKey;
use brelu_core::transport::FrameKind;
use tokio::sync::{Notify, mpsc};

use super::generation::{Counting, namespace};
use super::live::Place;
use super::service::Server;
use super::store_writer::StoreWriter;
use super::{Evaluation, Material, ServerModel, Stage, material};
use crate::cancellation::CancellationToken;
use crate::error::SessionError;
use crate::event::Event;
use crate::hello::{DealerHello, DealerRequest, decode, encode};
use crate::pipe::{NetError, Payload, Pipe};
use crate::secure::Connection;
use crate::state::Peer;
use crate::words::{encode_all, number, numbers, stranger};

/// One client's session after the greeting.
pub(super) struct Session<'s> {
    server: &'s Server,
    peer: PublicKey,
    client: &'s mut Pipe,
    dealer: Pipe,
    key: PairKey,
    place: Place,
    counting: Counting<'s>,
    /// Under which its prepared inferences are kept: they are of no use with another model.
    namespace: Peer,
    epoch: u32,
    last: u64,
}

/// Prepared inferences that a session did not use.
pub(super) struct Left {
    pub(super) client: PublicKey,
    pub(super) namespace: Peer,
    pub(super) numbers: BTreeSet<u64>,
}

impl<'s> Session<'s> {
    /// Greets a client, and the dealer on its behalf.
    pub(super) async fn greet(
        server: &'s Server,
        peer: PublicKey,
        client: &'s mut Pipe,
        hello: &ClientHello<'_>,
        connect: impl AsyncFnOnce() -> Result<Connection, SessionError>,
    ) -> Result<Self, SessionError> {
        let model = &server.model;
        let place = server.live.enter(&peer, server.options.sessions)?;
        if hello.plan != model.hash {
            return Err(SessionError::OtherPlan);
        }
        let (theirs, ours) = (hello.dealer, server.party.dealer.id());
        if theirs != ours {
            return Err(SessionError::OtherDealer { client: theirs, server: ours });
        }
        client.limit_payload(hello.max_payload as usize);
        let counting = Counting::new(server, peer, place.turn());
        let Introduced { mut dealer, epoch, welcome } =
            introduce(server, (&place, &counting), &peer, hello, connect).await?;
        server.options.observer.tell(Event::Epoch(peer.id(), epoch));
        let answer = ServerHello {
            welcome: &welcome,
            weights_seed: model.seed.expose(),
            ready: server.options.ready as u32,
        };
        client.send_frame(FrameKind::Hello, encode(&answer)).await?;
        let total = cost::total(model.plan()).bytes;
        client.allow(total.client_offline + total.client_online);
        dealer.pipe.allow(total.dealer_offline);
        let key = dealer.keys.pair_key(&model.hash);
        let namespace = namespace(&peer, model);
        Ok(Self {
            server,
            peer,
            client,
            dealer: dealer.pipe,
            key,
            place,
            counting,
            namespace,
            epoch,
            last: 0,
        })
    }

    /// Says good-bye to the dealer; what the session leaves behind.
    pub(super) async fn part(mut self) -> Left {
        // Whether the dealer hears it makes no difference.
        drop(self.dealer.send_frame(FrameKind::Bye, Vec::new()).await);
        Left { client: self.peer, namespace: self.namespace, numbers: self.place.own().clone() }
    }

    pub(super) async fn run(&mut self) -> Result<(), SessionError> {
        let (mut token, idle, leave) =
            (self.server.cancellation.token(), self.server.options.idle, self.place.leave());
        loop {
            let next = next(&self.place, self.client, &mut token, idle, &leave).await?;
            let Some(frame) = next else { return Ok(()) };
            match frame {
                (got @ FrameKind::Prepare, payload) => self.prepare(number("client", got, &payload)?).await?,
                (got @ FrameKind::Infer, payload) => self.infer(number("client", got, &payload)?).await?,
                (got @ FrameKind::OnBehalf, payload) => {
                    self.infer_on_behalf(Delegation::decode(&payload).ok_or(stranger("client", got))?)
                        .await?;
                }
                (got @ FrameKind::Claim, payload) => self.claim(&numbers("client", got, &payload)?).await?,
                (FrameKind::Bye, _) => return Ok(()),
                (got, _) => return Err(stranger("client", got)),
            }
        }
    }

    /// Which of the inferences the client prepared in earlier sessions are still here.
    async fn claim(&mut self, asked: &[u64]) -> Result<(), SessionError> {
        self.server.party.clients.readmit("client", &self.peer).await?;
        let here = self.server.party.ready.numbers(&self.namespace);
        let granted = |number: &&u64| here.binary_search(*number).is_ok() && self.place.claim(**number);
        let granted = encode_all(asked.iter().filter(granted));
        Ok(self.client.send_frame(FrameKind::Claim, granted).await?)
    }

    async fn prepare(&mut self, number: u64) -> Result<(), SessionError> {
        self.server.check(&self.peer).await?;
        if epoch_of(number) != self.epoch || number <= self.last {
            return Err(SessionError::Reused { number, last: self.last.max(u64::from(self.epoch) << 32) });
        }
        self.last = number;
        let (model, party) = (self.server.model.clone(), self.server.party.clone());
        let plan = model.plan();
        let lengths = material::lengths(plan);
        let bytes = lengths.iter().sum();
        let (namespace, keep) = (self.namespace, self.place.numbers());
        let room = tokio::task::spawn_blocking(move || party.ready.reserve(&namespace, bytes, &keep)).await?;
        let room = room.inspect_err(|_| self.place.make_room())?;
        let before = self.dealer.counts().0;
        self.dealer.send_frame(FrameKind::Deal, Number(number).encode().to_vec()).await?;
        let party = self.server.party.clone();
        let incoming = tokio::task::spawn_blocking(move || party.ready.begin(room, number, &lengths));
        let mut writer = StoreWriter::new(incoming.await??, &self.key);
        for id in 0..plan.len() as NodeId {
            let step = cost::step(plan, id);
            writer = writer.add(self.dealer.receive_message(step.dealer_offline).await?).await?;
            writer = writer.add(self.client.receive_message(step.client_offline).await?).await?;
        }
        writer.finish().await?;
        self.place.claim(number);
        self.server.options.observer.tell(Event::Prepared(self.peer.id(), number));
        let dealt = self.dealer.counts().0 - before;
        Ok(self.client.send_frame(FrameKind::Ready, Done { number, dealt }.encode().to_vec()).await?)
    }

    async fn infer(&mut self, number: u64) -> Result<(), SessionError> {
        if !self.place.own().contains(&number) {
            return Err(SessionError::NotPrepared(number));
        }
        self.server.count(&self.peer).await?;
        let prepared = self.take(number).await?;
        let bits = cost::step(self.server.model.plan(), 0).client_online;
        // The dealer answers while the input arrives. Its answer is waited for even if the input does not come: a store that
        // does not know of it would look old.
        let begin = async {
            self.counting.begin(&mut self.dealer).await?;
            self.server.options.observer.tell(Event::Used(self.peer.id(), number));
            Ok::<_, SessionError>(())
        };
        let (begun, input) = tokio::join!(begin, self.client.receive_message(bits));
        begun?;
        let input = input?;
        let output = self.evaluate(number, prepared, &input).await?;
        Ok(self.client.send_data(&output).await?)
    }

    /// Runs an inference whose input a device brings and whose output it gets. It counts as the device's.
    async fn infer_on_behalf(&mut self, delegation: Delegation) -> Result<(), SessionError> {
        let number = delegation.number;
        if !self.place.own().contains(&number) {
            return Err(SessionError::NotPrepared(number));
        }
        let name = (self.peer, delegation.with, number);
        // Less than the delegate waits for this server, so that it learns why.
        let patience = self.server.options.timeout / 2;
        let delegated = tokio::select! {
            delegated = self.server.delegations.expect(name, patience) => delegated?,
            // A delegate has nothing to say now: it is gone, or does not keep to the protocol.
            frame = self.client.receive_within(self.server.options.timeout) => {
                return Err(stranger("client", frame?.0));
            }
        };
        if let Err(error) = self.server.count_delegation(&self.peer, &delegation.with).await {
            drop(delegated.output.send(Err(error.for_peer("device"))));
            return Err(error);
        }
        let prepared = self.take(number).await?;
        self.counting.begin(&mut self.dealer).await?;
        self.server.options.observer.tell(Event::Used(self.peer.id(), number));
        let output = self.evaluate(number, prepared, &delegated.input).await?;
        // A device that went away in this moment is told nothing, and neither is its delegate.
        drop(delegated.output.send(Ok(output)));
        Ok(self.client.send_frame(FrameKind::Ready, Done { number, dealt: 0 }.encode().to_vec()).await?)
    }

    /// Takes a prepared inference out for good.
    async fn take(&mut self, number: u64) -> Result<(PairKey, Material), SessionError> {
        if !self.place.release(number) {
            return Err(SessionError::NotPrepared(number));
        }
        // Taken out for good before the dealer is told that it is used, and before anything of it is.
        let (party, namespace) = (self.server.party.clone(), self.namespace);
        let stored = tokio::task::spawn_blocking(move || party.ready.take(&namespace, number)).await??;
        let stored = stored.ok_or(SessionError::NotPrepared(number))?;
        let model = self.server.model.clone();
        let open = tokio::task::spawn_blocking(move || Material::open(model.plan(), number, stored));
        open.await?
    }

    /// Computes with the client up to the server's component of the output.
    async fn evaluate(
        &mut self,
        number: u64,
        (key, material): (PairKey, Material),
        input: &[u8],
    ) -> Result<Vec<u8>, SessionError> {
        let mut evaluation = Evaluation::new(self.server.model.clone(), key, number, material, input);
        loop {
            let stage;
            (evaluation, stage) = blocking(evaluation, Evaluation::advance).await?;
            match stage? {
                Stage::Output(message) => return Ok(message),
                Stage::Exchange(flight) => {
                    for id in flight.clone() {
                        evaluation = self.open(evaluation, id).await?;
                    }
                    for id in flight {
                        let answer = self.client.receive_message(evaluation.answer_bits(id)).await?;
                        (evaluation, ()) =
                            blocking(evaluation, move |evaluation| evaluation.close(id, &answer)).await?;
                    }
                }
            }
        }
    }

    /// Sends the pieces of a layer as they are computed. The client's answer arrives meanwhile, read ahead by the pipe.
    async fn open(&mut self, mut evaluation: Evaluation, id: NodeId) -> Result<Evaluation, SessionError> {
        let (send, mut pieces) = mpsc::channel::<Vec<u8>>(4);
        let work = tokio::task::spawn_blocking(move || {
            // An error means that the session ended; there is nothing left to open for.
            drop(evaluation.open(id, |piece| send.blocking_send(piece)));
            evaluation
        });
        while let Some(piece) = pieces.recv().await {
            self.client.send_data(&piece).await?;
        }
        Ok(work.await?)
    }
}

/// A client whom the dealer knows.
struct Introduced {
    dealer: Connection,
    /// Of the session, recorded.
    epoch: u32,
    /// The dealer's words for the client.
    welcome: Vec<u8>,
}

/// Introduces the client to the dealer.
async fn introduce(
    server: &Server,
    (place, counting): (&Place, &Counting<'_>),
    peer: &PublicKey,
    hello: &ClientHello<'_>,
    connect: impl AsyncFnOnce() -> Result<Connection, SessionError>,
) -> Result<Introduced, SessionError> {
    let (greeting, model) = (place.greeting(), &server.model);
    let alone = greeting.lock().await;
    let mut dealer = connect().await?;
    let request = DealerRequest {
        plan: model.hash,
        model: model.dealer_id,
        plan_bytes: model.plan().bytes().len() as u32,
        floor: server.party.epochs.floor(peer.bytes())?,
        greeting: hello.greeting,
    };
    dealer.pipe.send_frame(FrameKind::Hello, encode(&request)).await?;
    let words = dealer.pipe.receive_kind(FrameKind::Hello, "a greeting").await?;
    let answer: DealerHello<'_> = decode("dealer", &words)?;
    counting.compare(answer.generation).await?;
    let (party, peer, epoch) = (server.party.clone(), *peer, answer.epoch);
    tokio::task::spawn_blocking(move || party.epochs.consume(peer.bytes(), epoch)).await??;
    drop(alone);
    if answer.needs_model {
        send_model(model, &mut dealer.pipe).await?;
    }
    Ok(Introduced { dealer, epoch, welcome: answer.welcome.to_vec() })
}

async fn send_model(model: &Arc<ServerModel>, dealer: &mut Pipe) -> Result<(), SessionError> {
    dealer.send_data(model.plan().bytes()).await?;
    let (send, mut shares) = mpsc::channel(2);
    let model = model.clone();
    // The receiver is dropped only when sending failed, and then nobody wants the rest.
    let make =
        tokio::task::spawn_blocking(move || model.dealer_shares(|share| drop(send.blocking_send(share))));
    while let Some(share) = shares.recv().await {
        dealer.send_data(&share).await?;
    }
    Ok(make.await?)
}

async fn blocking<T: Send + 'static>(
    mut evaluation: Evaluation,
    work: impl FnOnce(&mut Evaluation) -> T + Send + 'static,
) -> Result<(Evaluation, T), NetError> {
    let run = move || {
        let result = work(&mut evaluation);
        (evaluation, result)
    };
    tokio::task::spawn_blocking(run).await.map_err(|_| NetError::Closed("runtime"))
}

/// The next frame of a session that has nothing to do, unless the server stops or another session needs the place; the
/// peer has then been told.
pub(super) async fn next(
    place: &Place,
    pipe: &mut Pipe,
    token: &mut CancellationToken,
    idle: Duration,
    leave: &Notify,
) -> Result<Option<(FrameKind, Payload)>, SessionError> {
    place.rest(true);
    let next = token.unless_cancelled(pipe, async |pipe| {
        tokio::select! {
            frame = pipe.receive_within(idle) => Ok(Some(frame?)),
            () = leave.notified() => {
                pipe.postpone("another session of the same client needs the place").await;
                Ok(None)
            }
        }
    });
    let frame = next.await?.flatten();
    place.rest(false);
    Ok(frame)
}
