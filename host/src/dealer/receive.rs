//! A model on its way from its server.

use std::sync::Arc;

use brelu_core::plan::Plan;

use super::DealerModel;
use super::library::Library;
use super::parts::{ModelId, Parts, Shares, model_bytes, owned_plan, terms};
use crate::error::SessionError;
use crate::pipe::Pipe;
use crate::plan_file::OwnedPlan;

/// Bytes of the largest plan a dealer takes.
const MAX_PLAN: u32 = 64 << 20;

/// Receives the model that is known by `id`, within the share of its server.
///
/// # Errors
/// If the connection fails, it is not that model, or there is no room for it.
pub(super) async fn receive_model(
    pipe: &mut Pipe,
    library: &Arc<Library>,
    id: &ModelId,
    plan_bytes: u32,
) -> Result<Arc<DealerModel>, SessionError> {
    let plan = receive_plan(pipe, id, plan_bytes).await?;
    let room = library.reserve(id, model_bytes(plan.get()))?;
    let shares = receive_shares(pipe, plan.get()).await?;
    let (library, parts) = (library.clone(), Parts { plan, shares });
    tokio::task::spawn_blocking(move || library.put(&room, &parts)).await?
}

async fn receive_plan(
    pipe: &mut Pipe,
    id: &ModelId,
    plan_bytes: u32,
) -> Result<Arc<OwnedPlan>, SessionError> {
    if plan_bytes > MAX_PLAN {
        return Err(SessionError::PlanSize(plan_bytes));
    }
    pipe.allow(u64::from(plan_bytes));
    let bytes = pipe.receive_message(u64::from(plan_bytes) * 8).await?.to_vec();
    owned_plan(bytes, &id.plan)
}

async fn receive_shares(pipe: &mut Pipe, plan: &Plan<'_>) -> Result<Shares, SessionError> {
    let mut shares = Vec::new();
    for (_, _, k, count) in terms(plan) {
        pipe.allow(count as u64 * 8);
        shares.push(pipe.receive_message(u64::from(k) * count as u64).await?);
    }
    Ok(shares)
}
