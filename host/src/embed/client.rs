use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use brelu_core::plan::Plan;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{Answer, EmbedError, Keys, units};
use crate::client::{CLIENT_LIMITS, ClientMemory, ClientParty};
use crate::error::SessionError;
use crate::limits::PlanLimits;
use crate::net::{ClientSession, Patience, Target};
use crate::plan_file::OwnedPlan;
use crate::records::Records;

/// How long a client waits by default.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(10), answer: Duration::from_secs(60) };

/// A client of one network: it has the plan, its memory, its keys and its records.
///
/// A task of the runtime holds its session with the server; when the client is dropped, the session ends. A call that is
/// dropped before it is done goes on in that task, and the next one waits for it.
///
/// ```no_run
/// use std::path::Path;
///
/// use brelu_host::embed::{Client, Keys};
///
/// # async fn classify(input: &[f32]) -> Result<(), Box<dyn std::error::Error>> {
/// let keys = Keys::read(Path::new("keys"))?;
/// let mut client = Client::open(Path::new("net.plan"), keys, Path::new("keys/client.state"))?;
/// client.connect("server.example.org:7601").await?;
/// client.prepare(1).await?;
/// println!("{:?}", client.infer(input).await?.best());
/// client.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Client {
    plan: Arc<OwnedPlan>,
    party: Arc<ClientParty>,
    patience: Patience,
    session: Option<Live>,
}

/// A session in its task.
#[derive(Debug)]
struct Live {
    calls: mpsc::Sender<Call>,
    task: JoinHandle<()>,
}

/// What a session is asked for, and who waits for it.
#[derive(Debug)]
enum Call {
    Prepare(usize, Reply<usize>),
    Infer(Vec<u32>, Reply<Vec<i32>>),
    Close(Reply<()>),
}

type Reply<T> = oneshot::Sender<Result<T, SessionError>>;

impl Client {
    /// Opens a client of the plan in a file, with its records in `folder`, which is made if it is not there. One folder
    /// belongs to one key.
    ///
    /// # Errors
    /// If the plan is none or takes more than [`PlanLimits::default`] gives, or the records cannot be read.
    pub fn open(plan: &Path, keys: Keys, folder: &Path) -> Result<Self, EmbedError> {
        let plan = read_plan(plan)?;
        PlanLimits::default().client(plan.get())?;
        let records = Records::open(folder)?;
        let ready = records.ready(&keys.identity, CLIENT_LIMITS)?;
        let party = ClientParty::new(keys.identity, keys.server, keys.dealer, records.epochs()?, ready);
        Ok(Self { plan: Arc::new(plan), party: Arc::new(party), patience: PATIENCE, session: None })
    }

    /// Waits for as long as `patience` says from now on: for a server that does not listen, and for one that says nothing.
    pub fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// The plan.
    pub fn plan(&self) -> &Plan<'_> {
        self.plan.get()
    }

    /// Connects to the server at `address`: `host:port`, `1.2.3.4:port` or `[::1]:port`. A session that there is already ends.
    /// When the connection is lost later, the client finds its way back by itself.
    ///
    /// # Errors
    /// If nobody answers there within the patience, or not as the server of this plan.
    pub async fn connect(&mut self, address: &str) -> Result<(), EmbedError> {
        self.session = None;
        let (calls, waiting) = mpsc::channel(1);
        let (tell, started) = oneshot::channel();
        let (plan, party) = (self.plan.clone(), self.party.clone());
        let (address, patience) = (address.to_owned(), self.patience);
        let task = tokio::spawn(async move {
            let target = Target { plan: plan.get(), address, patience, party };
            let mut memory = ClientMemory::for_plan(plan.get());
            match ClientSession::start(target, &mut memory, |_| ()).await {
                // Whoever asked for it may be gone, and is then answered nothing any more.
                Ok(session) => {
                    drop(tell.send(Ok(())));
                    serve(session, waiting).await;
                }
                Err(error) => drop(tell.send(Err(error))),
            }
        });
        let live = Live { calls, task };
        started.await.unwrap_or(Err(SessionError::InUse))?;
        self.session = Some(live);
        Ok(())
    }

    /// Prepares inferences until `count` are prepared, those of earlier sessions included, or as many as the server keeps; and
    /// says how many there are.
    ///
    /// # Errors
    /// If the client is not connected, or those of the connection and of the server.
    pub async fn prepare(&mut self, count: usize) -> Result<usize, EmbedError> {
        self.call(|reply| Call::Prepare(count, reply)).await
    }

    /// Runs one inference, preparing it first if none is prepared. `input` is the network's input after the preprocessing,
    /// `channels x height x width`, in the float network's units.
    ///
    /// # Errors
    /// If the input is none of this network's, the client is not connected, or those of the connection and of the server; the
    /// inference is then lost.
    pub async fn infer(&mut self, input: &[f32]) -> Result<Answer, EmbedError> {
        let units = units(self.plan(), input)?;
        self.infer_units(units).await
    }

    /// As [`Self::infer`] with an input in the plan's fixed point.
    ///
    /// # Errors
    /// As there.
    pub async fn infer_units(&mut self, input: Vec<u32>) -> Result<Answer, EmbedError> {
        let output = self.call(|reply| Call::Infer(input, reply)).await?;
        Ok(Answer::new(self.plan(), &output))
    }

    /// Runs one inference on a picture, which becomes the input as the plan says; its best `count` classes, the best first, of
    /// labels at most as many as the plan answers with.
    ///
    /// # Errors
    /// If the picture or the network is no such, and as [`Self::infer`].
    #[cfg(feature = "image")]
    pub async fn classify(
        &mut self,
        picture: &image::RgbImage,
        count: usize,
    ) -> Result<Vec<super::Class>, EmbedError> {
        if self.plan().scores().plane() != 1 {
            return Err(crate::picture::PictureError::Map.into());
        }
        let units = crate::picture::units(self.plan(), picture)?;
        Ok(self.infer_units(units).await?.top(count))
    }

    /// Says good-bye. What is prepared stays prepared.
    ///
    /// # Errors
    /// If the connection is gone already.
    pub async fn close(mut self) -> Result<(), EmbedError> {
        match self.session {
            Some(_) => self.call(Call::Close).await,
            None => Ok(()),
        }
    }

    async fn call<T>(&mut self, call: impl FnOnce(Reply<T>) -> Call) -> Result<T, EmbedError> {
        let live = self.session.as_ref().ok_or(EmbedError::NotConnected)?;
        let (reply, answer) = oneshot::channel();
        // A task that has ended drops the call, and its reply with it.
        drop(live.calls.send(call(reply)).await);
        Ok(answer.await.unwrap_or(Err(SessionError::InUse))?)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers calls until there are no more.
async fn serve(mut session: ClientSession<'_>, mut calls: mpsc::Receiver<Call>) {
    while let Some(call) = calls.recv().await {
        // Whoever asked may not wait any more; what was done is done all the same.
        match call {
            Call::Prepare(count, reply) => {
                let done = session.prepare(count, &mut |_, _| ()).await;
                drop(reply.send(done.map(|()| session.prepared())));
            }
            Call::Infer(input, reply) => {
                let measured = session.infer(&input, &mut |_, _| ()).await;
                drop(reply.send(measured.map(|measured| measured.output)));
            }
            Call::Close(reply) => {
                drop(reply.send(session.close().await));
                return;
            }
        }
    }
}

/// Reads and checks a plan.
pub(super) fn read_plan(path: &Path) -> Result<OwnedPlan, EmbedError> {
    let bytes = std::fs::read(path).map_err(|error| EmbedError::Read { path: path.to_owned(), error })?;
    OwnedPlan::parse(bytes).map_err(|error| EmbedError::Plan { path: path.to_owned(), error })
}
