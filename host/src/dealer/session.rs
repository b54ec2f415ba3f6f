//! The dealer as a service: one session for every client of every server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brelu_core::bits::BitReader;
use brelu_core::cost;
use brelu_core::plan::{NodeId, Op, Plan};
use brelu_core::transport::FrameKind;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{DealerKeys, DealerModel};
use crate::error::SessionError;
use crate::hello::{DealerHello, DealerRequest, PROTOCOL_VERSION, decode, encode};
use crate::keys::{Pair, SessionSecret, random_key};
use crate::pipe::Pipe;
use crate::weights::{PlanHash, plan_hash};

/// Limits of a dealer.
#[derive(Clone, Copy, Debug)]
pub struct DealerOptions {
    /// How long a server may be silent in the middle of a message.
    pub timeout: Duration,
    /// How long a session may do nothing.
    pub idle: Duration,
    /// How many models are kept.
    pub models: usize,
}

impl Default for DealerOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), idle: Duration::from_secs(3600), models: 16 }
    }
}

type ModelKey = (PlanHash, [u8; 32]);

/// A dealer and the models it was given.
#[derive(Debug)]
pub struct Dealer {
    options: DealerOptions,
    models: Mutex<HashMap<ModelKey, Arc<DealerModel>>>,
    plans: Mutex<HashMap<PlanHash, &'static Plan<'static>>>,
}

/// Bytes of the largest plan a dealer takes.
const MAX_PLAN: u32 = 64 << 20;

impl Dealer {
    /// A dealer without models.
    pub fn new(options: DealerOptions) -> Self {
        Self { options, models: Mutex::default(), plans: Mutex::default() }
    }

    /// Serves one connection until the server is done.
    ///
    /// # Errors
    /// Whatever ended the session early; the server has been told.
    pub async fn serve(
        self: Arc<Self>,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<(), SessionError> {
        let mut pipe = Pipe::new("server", reader, writer, self.options.timeout);
        let result = self.session(&mut pipe).await;
        if let Err(error) = &result {
            pipe.fail(&error.to_string()).await;
        }
        result
    }

    async fn session(&self, pipe: &mut Pipe) -> Result<(), SessionError> {
        let request: DealerRequest =
            decode("server", &pipe.receive_kind(FrameKind::Hello, "a greeting").await?)?;
        if request.version != PROTOCOL_VERSION {
            return Err(SessionError::Version { peer: "server", theirs: request.version });
        }
        let secret = SessionSecret::generate()?;
        let known = self.model(&(request.plan, request.model));
        let hello =
            DealerHello { version: PROTOCOL_VERSION, public: secret.public(), needs_model: known.is_none() };
        pipe.send_frame(FrameKind::Hello, encode(&hello)).await?;
        let model = match known {
            Some(model) => model,
            None => self.receive_model(pipe, &request).await?,
        };
        let keys = DealerKeys {
            client: secret.agree(Pair::ClientDealer, &request.client_public, &request.plan)?,
            server: secret.agree(Pair::ServerDealer, &request.server_public, &request.plan)?,
            own: random_key()?,
        };
        self.deal(pipe, model, Arc::new(keys)).await
    }

    async fn deal(
        &self,
        pipe: &mut Pipe,
        model: Arc<DealerModel>,
        keys: Arc<DealerKeys>,
    ) -> Result<(), SessionError> {
        let mut last = 0;
        loop {
            let number = match pipe.receive_within(self.options.idle).await? {
                (FrameKind::Deal, payload) => number(&payload)?,
                (FrameKind::Bye, _) => return Ok(()),
                (got, _) => return Err(SessionError::Frame { peer: "server", got }),
            };
            if number <= last {
                return Err(SessionError::Reused { number, last });
            }
            last = number;
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

    fn model(&self, key: &ModelKey) -> Option<Arc<DealerModel>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    async fn receive_model(
        &self,
        pipe: &mut Pipe,
        request: &DealerRequest,
    ) -> Result<Arc<DealerModel>, SessionError> {
        if request.plan_bytes > MAX_PLAN {
            return Err(SessionError::PlanSize(request.plan_bytes));
        }
        pipe.allow(u64::from(request.plan_bytes));
        let bytes = pipe.receive_message(u64::from(request.plan_bytes) * 8).await?;
        let plan = self.plan(bytes, request.plan)?;
        let (mut shares, mut digest) = (HashMap::new(), Sha256::new());
        for (id, node) in plan.nodes() {
            let Op::Linear { terms, fraction } = &node.op else { continue };
            let k = node.bits + fraction;
            for (index, term) in terms.iter().enumerate() {
                let count = term.map.weight_len();
                pipe.allow(count as u64 * 8);
                let share = pipe.receive_message(u64::from(k) * count as u64).await?;
                digest.update(&share);
                let mut words = vec![0; count];
                BitReader::at(&share, 0).pull(k, &mut words);
                shares.insert((id, index), words);
            }
        }
        if digest.finalize().as_slice() != request.model {
            return Err(SessionError::ModelHash);
        }
        let build =
            move || DealerModel::new(plan, |id, index| shares.remove(&(id, index)).unwrap_or_default());
        let model = Arc::new(tokio::task::spawn_blocking(build).await??);
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if models.len() >= self.options.models {
            models.clear();
        }
        models.insert((request.plan, request.model), model.clone());
        Ok(model)
    }

    /// Plans stay for as long as the process: there are few, and everything refers to them.
    fn plan(&self, bytes: Vec<u8>, hash: PlanHash) -> Result<&'static Plan<'static>, SessionError> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.get(&hash) {
            return Ok(plan);
        }
        let most = self.options.models * 4;
        if plans.len() >= most {
            return Err(SessionError::TooManyPlans(most));
        }
        if plan_hash(&Plan::parse(&bytes)?) != hash {
            return Err(SessionError::ModelHash);
        }
        let plan: &'static Plan<'static> = crate::plan_file::keep(bytes)?;
        plans.insert(hash, plan);
        Ok(plan)
    }
}

fn number(payload: &[u8]) -> Result<u64, SessionError> {
    payload
        .try_into()
        .map(u64::from_le_bytes)
        .map_err(|_| SessionError::Frame { peer: "server", got: FrameKind::Deal })
}
