//! A client in a process of its own, and what it prints: a line of JSON an inference.

use std::sync::Arc;
use std::time::{Duration, Instant};

use brelu_core::plan::Plan;
use brelu_host::client::{ClientMemory, ClientParty};
use brelu_host::error::SessionError;
use serde::{Deserialize, Serialize};

use brelu_host::net::{ClientSession, Patience, Target};

/// What came of one inference, or of a session that had none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The picture.
    pub picture: usize,
    /// Its result in units of the output scale; empty if there is none.
    pub output: Vec<i32>,
    /// Why there is none.
    pub error: Option<String>,
}

/// The replies in what a process printed; a line that was cut by the end of the process is none.
pub(super) fn replies(text: &str) -> Vec<Reply> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// What a client does.
#[derive(Debug)]
pub struct Client<'a> {
    /// The plan.
    pub plan: &'a Plan<'a>,
    /// Where the server is.
    pub address: String,
    /// How long to wait for it.
    pub patience: Patience,
    /// Who it is.
    pub party: Arc<ClientParty>,
    /// The pictures, each in the plan's fixed point.
    pub inputs: Vec<Vec<u32>>,
    /// Inferences in one session.
    pub session: usize,
}

/// How long a client rests after an error.
const REST: Duration = Duration::from_millis(20);

impl Client<'_> {
    /// Runs the pictures with the numbers `from..to`, round and round, and tells `tell` of each.
    pub async fn run(&self, from: usize, to: usize, tell: &mut dyn FnMut(Reply)) {
        let (mut memory, mut next) = (ClientMemory::for_plan(self.plan), from);
        while next < to {
            let end = to.min(next + self.session.max(1));
            let start = Instant::now();
            if let Err(error) = self.task(&mut next, end, &mut memory, tell).await {
                tell(Reply { picture: next, error: Some(error.to_string()), ..Reply::default() });
                next += 1;
                tokio::time::sleep(REST.saturating_sub(start.elapsed())).await;
            }
        }
    }

    async fn task(
        &self,
        next: &mut usize,
        end: usize,
        memory: &mut ClientMemory,
        tell: &mut dyn FnMut(Reply),
    ) -> Result<(), SessionError> {
        let target = Target {
            plan: self.plan,
            address: self.address.clone(),
            patience: self.patience,
            party: self.party.clone(),
        };
        let mut session = ClientSession::start(target, memory, |_| ()).await?;
        session.prepare(2.min(end - *next), &mut |_, _| ()).await?;
        while *next < end {
            let input = &self.inputs[*next % self.inputs.len().max(1)];
            let output = session.infer(input, &mut |_, _| ()).await?.output;
            tell(Reply { picture: *next, output, error: None });
            *next += 1;
        }
        // All results are there; whether the server hears the good-bye does not matter.
        drop(session.close().await);
        Ok(())
    }
}
