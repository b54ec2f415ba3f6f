//! A model on its way from its server.

use std::sync::Arc;

use brelu_core::plan::Plan;

use super::DealerModel;
use super::library::Library;
use super::parts::{ModelId, Parts, Shares, owned_plan, terms};
use crate::error::SessionError;
use crate::pipe::Pipe;
use crate::plan_file::OwnedPlan;

/// Bytes that a server may be ahead while it brings a model; otherwise it has only little to say.
const AHEAD: u64 = 4 << 20;

/// Bytes of a plan that is announced, and of the largest one that is taken.
pub(super) struct Sizes {
    pub(super) plan: u64,
    pub(super) most: u64,
}

/// Receives the model that is known by `id`, within the share of its server.
///
/// # Errors
/// If the connection fails, it is not that model, or there is no room for it.
pub(super) async fn receive_model(
    pipe: &mut Pipe,
    library: &Arc<Library>,
    id: &ModelId,
    sizes: Sizes,
) -> Result<Arc<DealerModel>, SessionError> {
    pipe.allow(AHEAD);
    let plan = receive_plan(pipe, id, sizes).await?;
    let room = library.reserve(id, plan.get())?;
    let shares = receive_shares(pipe, plan.get()).await?;
    pipe.allow(0);
    let (library, parts) = (library.clone(), Parts { plan, shares });
    tokio::task::spawn_blocking(move || library.put(&room, &parts)).await?
}

async fn receive_plan(
    pipe: &mut Pipe,
    id: &ModelId,
    Sizes { plan, most }: Sizes,
) -> Result<Arc<OwnedPlan>, SessionError> {
    if plan > most {
        return Err(SessionError::PlanSize { bytes: plan, most });
    }
    let bytes = pipe.receive_message(plan * 8).await?.to_vec();
    owned_plan(bytes, &id.plan)
}

async fn receive_shares(pipe: &mut Pipe, plan: &Plan<'_>) -> Result<Shares, SessionError> {
    let mut shares = Vec::new();
    for (_, _, k, count) in terms(plan) {
        shares.push(pipe.receive_message(u64::from(k) * count as u64).await?);
    }
    Ok(shares)
}
