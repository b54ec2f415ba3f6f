//! The three parties as tasks of this process, over pipes in memory: what an inference costs without a network.

use std::sync::Arc;
use std::time::{Duration, Instant};

use brelu_core::plan::Plan;
use brelu_host::client::{ClientMemory, HostClient};
use brelu_host::dealer::DealerOptions;
use brelu_host::error::SessionError;
use brelu_host::event::Observer;
use brelu_host::keys::random_key;
use brelu_host::plan_file::OwnedPlan;
use brelu_host::server::{ServerModel, ServerOptions};
use brelu_host::weights::Weights;
use brelu_world::{Cut, Trio, Wire};

/// Longer than any network takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// Times of one inference.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Before the input exists: client, server and dealer at work at the same time.
    pub offline: Duration,
    /// From the input to the output at the client.
    pub online: Duration,
}

/// Runs `inputs` one after the other in one session, over secure channels (`sealed`) or in the clear, and returns the times
/// of each.
///
/// # Errors
/// If a session fails; it does not for a valid plan and its weights.
pub fn run(
    plan: &'static Plan<'static>,
    weights: Weights,
    inputs: &[Vec<i32>],
    sealed: bool,
) -> Result<Vec<Times>, SessionError> {
    let model = Arc::new(ServerModel::new(Arc::new(OwnedPlan::copy(plan)?), weights, random_key()?)?);
    let runtime = runtime()?;
    runtime.block_on(session(plan, model, inputs, sealed))
}

/// A runtime for parties in this process.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, SessionError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| SessionError::Unreachable {
        peer: "runtime",
        address: "this process".into(),
        error: error.to_string(),
    })
}

async fn session(
    plan: &'static Plan<'static>,
    model: Arc<ServerModel>,
    inputs: &[Vec<i32>],
    sealed: bool,
) -> Result<Vec<Times>, SessionError> {
    let trio = Trio::new(model, ServerOptions::default(), DealerOptions::default(), Observer::default())?;
    let cut = if sealed { Cut::Records } else { Cut::Frames };
    let connection = trio.connect(&Wire { cut, taps: None, patience: PATIENCE }).await?;
    let mut memory = ClientMemory::for_plan(plan);
    let mut client =
        HostClient::start(plan, connection, trio.client.clone(), &mut Some(memory.workspace())).await?;
    let mut times = Vec::new();
    for input in inputs {
        let start = Instant::now();
        client.prepare(&mut |_, _| {}).await?;
        let prepared = Instant::now();
        client.infer(input, &mut |_, _| {}).await?;
        times.push(Times { offline: prepared - start, online: prepared.elapsed() });
    }
    client.close().await?;
    Ok(times)
}
