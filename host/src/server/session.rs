//! The server as a service: one session for every client, each with its own connection to the dealer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use brelu_core::cost;
use brelu_core::plan::NodeId;
use brelu_core::prf::PairKey;
use brelu_core::transport::FrameKind;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::{Evaluation, Material, ServerModel, Stage};
use crate::error::SessionError;
use crate::hello::{ClientHello, DealerHello, DealerRequest, PROTOCOL_VERSION, ServerHello, decode, encode};
use crate::keys::{Pair, SessionSecret, cover};
use crate::pipe::{NetError, Pipe};

/// Limits of a server.
#[derive(Clone, Copy, Debug)]
pub struct ServerOptions {
    /// How long a peer may be silent in the middle of a message.
    pub timeout: Duration,
    /// How long a client may do nothing.
    pub idle: Duration,
    /// How many prepared inferences are kept for one client.
    pub ready: usize,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), idle: Duration::from_secs(600), ready: 8 }
    }
}

/// A server of one model.
#[derive(Debug)]
pub struct Server {
    model: Arc<ServerModel>,
    options: ServerOptions,
}

/// One client's session after the handshake.
struct Session<'p> {
    model: Arc<ServerModel>,
    client: &'p mut Pipe,
    dealer: &'p mut Pipe,
    key: PairKey,
    ready: BTreeMap<u64, Material>,
    last: u64,
}

impl Server {
    /// A server of `model`.
    pub fn new(model: Arc<ServerModel>, options: ServerOptions) -> Self {
        Self { model, options }
    }

    /// Serves one client until it is done. `connect` reaches the dealer.
    ///
    /// # Errors
    /// Whatever ended the session early; the client has been told.
    pub async fn serve<R, W, DR, DW>(
        &self,
        reader: R,
        writer: W,
        connect: impl AsyncFnOnce() -> Result<(DR, DW), SessionError>,
    ) -> Result<(), SessionError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
        DR: AsyncRead + Send + Unpin + 'static,
        DW: AsyncWrite + Send + Unpin + 'static,
    {
        let mut client = Pipe::new("client", reader, writer, self.options.timeout);
        let result = self.session(&mut client, connect).await;
        if let Err(error) = &result {
            client.fail(&error.to_string()).await;
        }
        result
    }

    async fn session<DR, DW>(
        &self,
        client: &mut Pipe,
        connect: impl AsyncFnOnce() -> Result<(DR, DW), SessionError>,
    ) -> Result<(), SessionError>
    where
        DR: AsyncRead + Send + Unpin + 'static,
        DW: AsyncWrite + Send + Unpin + 'static,
    {
        let hello: ClientHello =
            decode("client", &client.receive_kind(FrameKind::Hello, "a greeting").await?)?;
        if hello.version != PROTOCOL_VERSION {
            return Err(SessionError::Version { peer: "client", theirs: hello.version });
        }
        if hello.plan != self.model.hash {
            return Err(SessionError::OtherPlan);
        }
        client.limit_payload(hello.max_payload as usize);
        let (reader, writer) = connect().await?;
        let mut dealer = Pipe::new("dealer", reader, writer, self.options.timeout);
        let secret = SessionSecret::generate()?;
        let dealt = self.greet_dealer(&mut dealer, &secret, &hello).await?;
        let cover_key = secret.agree(Pair::ClientServer, &hello.public, &self.model.hash)?;
        let answer = ServerHello {
            version: PROTOCOL_VERSION,
            public: secret.public(),
            dealer_public: dealt.public,
            weights_seed: cover(&cover_key, self.model.seed.expose()),
            ready: self.options.ready as u32,
        };
        client.send_frame(FrameKind::Hello, encode(&answer)).await?;
        let total = cost::total(self.model.plan).bytes;
        client.allow(total.client_offline + total.client_online);
        dealer.allow(total.dealer_offline);
        let key = secret.agree(Pair::ServerDealer, &dealt.public, &self.model.hash)?;
        let mut session = Session {
            model: self.model.clone(),
            client,
            dealer: &mut dealer,
            key,
            ready: BTreeMap::new(),
            last: 0,
        };
        session.run(&self.options).await?;
        dealer.send_frame(FrameKind::Bye, Vec::new()).await.or(Ok(()))
    }

    async fn greet_dealer(
        &self,
        dealer: &mut Pipe,
        secret: &SessionSecret,
        hello: &ClientHello,
    ) -> Result<DealerHello, SessionError> {
        let request = DealerRequest {
            version: PROTOCOL_VERSION,
            plan: self.model.hash,
            model: self.model.dealer_id,
            plan_bytes: self.model.plan.bytes().len() as u32,
            server_public: secret.public(),
            client_public: hello.public,
        };
        dealer.send_frame(FrameKind::Hello, encode(&request)).await?;
        let answer: DealerHello =
            decode("dealer", &dealer.receive_kind(FrameKind::Hello, "a greeting").await?)?;
        if answer.version != PROTOCOL_VERSION {
            return Err(SessionError::Version { peer: "dealer", theirs: answer.version });
        }
        if answer.needs_model {
            self.send_model(dealer).await?;
        }
        Ok(answer)
    }

    async fn send_model(&self, dealer: &mut Pipe) -> Result<(), SessionError> {
        dealer.send_data(self.model.plan.bytes()).await?;
        let (send, mut shares) = mpsc::channel(2);
        let model = self.model.clone();
        // The receiver is dropped only when sending failed, and then nobody wants the rest.
        let make =
            tokio::task::spawn_blocking(move || model.dealer_shares(|share| drop(send.blocking_send(share))));
        while let Some(share) = shares.recv().await {
            dealer.send_data(&share).await?;
        }
        Ok(make.await?)
    }
}

impl Session<'_> {
    async fn run(&mut self, options: &ServerOptions) -> Result<(), SessionError> {
        loop {
            match self.client.receive_within(options.idle).await? {
                (FrameKind::Prepare, payload) => {
                    self.prepare(number(FrameKind::Prepare, &payload)?, options.ready).await?
                }
                (FrameKind::Infer, payload) => self.infer(number(FrameKind::Infer, &payload)?).await?,
                (FrameKind::Bye, _) => return Ok(()),
                (got, _) => return Err(SessionError::Frame { peer: "client", got }),
            }
        }
    }

    async fn prepare(&mut self, number: u64, most: usize) -> Result<(), SessionError> {
        if number <= self.last {
            return Err(SessionError::Reused { number, last: self.last });
        }
        if self.ready.len() >= most {
            return Err(SessionError::Full(most));
        }
        self.last = number;
        let before = self.dealer.counts().0;
        self.dealer.send_frame(FrameKind::Deal, number.to_le_bytes().to_vec()).await?;
        let plan = self.model.plan;
        let mut client = vec![Vec::new(); plan.len()];
        for id in 0..plan.len() as NodeId {
            client[usize::from(id)] =
                self.client.receive_message(cost::step(plan, id).client_offline).await?;
        }
        let mut dealer = vec![Vec::new(); plan.len()];
        for id in 0..plan.len() as NodeId {
            dealer[usize::from(id)] =
                self.dealer.receive_message(cost::step(plan, id).dealer_offline).await?;
        }
        self.ready.insert(number, Material::new(dealer, client));
        let mut payload = number.to_le_bytes().to_vec();
        payload.extend((self.dealer.counts().0 - before).to_le_bytes());
        Ok(self.client.send_frame(FrameKind::Ready, payload).await?)
    }

    async fn infer(&mut self, number: u64) -> Result<(), SessionError> {
        // Taken out before anything of it is used: it can never be used again.
        let material = self.ready.remove(&number).ok_or(SessionError::NotPrepared(number))?;
        let input = self.client.receive_message(cost::step(self.model.plan, 0).client_online).await?;
        let mut evaluation = Evaluation::new(self.model.clone(), self.key.clone(), number, material, &input);
        loop {
            let stage;
            (evaluation, stage) = blocking(evaluation, Evaluation::advance).await?;
            match stage {
                Stage::Output(message) => return Ok(self.client.send_data(&message).await?),
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

fn number(got: FrameKind, payload: &[u8]) -> Result<u64, SessionError> {
    payload.try_into().map(u64::from_le_bytes).map_err(|_| SessionError::Frame { peer: "client", got })
}
