//! The three parties as tasks of this process, over pipes in memory: what an inference costs without a network.

use std::sync::Arc;
use std::time::{Duration, Instant};

use brelu_core::plan::Plan;
use brelu_host::client::{ClientMemory, HostClient};
use brelu_host::dealer::{Dealer, DealerOptions};
use brelu_host::error::SessionError;
use brelu_host::keys::random_key;
use brelu_host::server::{Server, ServerModel, ServerOptions};
use brelu_host::weights::Weights;
use tokio::io::{duplex, split};

/// Bytes a pipe holds, about what sockets hold.
const PIPE: usize = 1 << 18;

/// Times of one inference.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Before the input exists: client, server and dealer at work at the same time.
    pub offline: Duration,
    /// From the input to the output at the client.
    pub online: Duration,
}

/// Runs `inputs` one after the other in one session and returns the times of each.
///
/// # Errors
/// If a session fails; it does not for a valid plan and its weights.
pub fn run(
    plan: &'static Plan<'static>,
    weights: Weights,
    inputs: &[Vec<i32>],
) -> Result<Vec<Times>, SessionError> {
    let model = Arc::new(ServerModel::new(plan, weights, random_key()?)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| SessionError::Unreachable {
        peer: "runtime",
        address: "this process".into(),
        error: error.to_string(),
    })?;
    runtime.block_on(session(plan, model, inputs))
}

async fn session(
    plan: &'static Plan<'static>,
    model: Arc<ServerModel>,
    inputs: &[Vec<i32>],
) -> Result<Vec<Times>, SessionError> {
    let dealer = Arc::new(Dealer::new(DealerOptions::default()));
    let (near, far) = duplex(PIPE);
    tokio::spawn(async move {
        let server = Server::new(model, ServerOptions::default());
        let (reader, writer) = split(far);
        let connect = async || {
            let (near, far) = duplex(PIPE);
            let (reader, writer) = split(far);
            tokio::spawn(dealer.serve(reader, writer));
            Ok(split(near))
        };
        server.serve(reader, writer, connect).await
    });
    let (reader, writer) = split(near);
    let mut memory = ClientMemory::for_plan(plan);
    let mut client = HostClient::start(plan, reader, writer, Duration::from_secs(600), &mut memory).await?;
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
